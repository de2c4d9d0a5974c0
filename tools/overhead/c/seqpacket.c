#define PACKETS
#define SOCKET SOCK_SEQPACKET
#include "socket.h"
