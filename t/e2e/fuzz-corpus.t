#!/bin/sh
# the corpus of every fuzz target once more
exec scripts/fuzz --replay
