/* SPDX-License-Identifier: MIT */
#ifndef POPPER_VERSION_H
#define POPPER_VERSION_H

#define POPPER_NAME "popper"
#define POPPER_VERSION "0.1.0" /* digits and dots only: log tools match it */

#endif
