#define PACKETS
#define FLAGS O_DIRECT
#include "pipe.c"
