#ifndef POPNET_H
#define POPNET_H

/* What the clients of the benchmark share. */

#define DEADLINE 300 /* seconds without progress */

/* Seconds of the monotonic clock. */
double now(void);

/* The number from 0 to max that s is; else the program ends. */
int number(const char *s, int max);

/* Looks the server up, for dial(). */
void find_server(const char *host, const char *port);

/* A nonblocking socket whose connection may still be under way. */
int dial(void);

#endif
