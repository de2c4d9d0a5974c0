#define PACKETS
#define SOCKET SOCK_DGRAM
#include "socket.h"
