#define SOCKET SOCK_STREAM
#include "socket.h"
