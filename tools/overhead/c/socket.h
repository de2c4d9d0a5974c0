/* A link on a pair of sockets of type SOCKET, which carries both directions. */
#include "descriptor.h"
#include <sys/socket.h>

static struct link *make(size_t size)
{
	int s[2];

	(void)size;
	if (socketpair(AF_UNIX, SOCKET | SOCK_CLOEXEC, 0, s))
		die("socketpair");
	return descriptors(s[1], s[0]);
}

static struct link *make_back(struct link *l, size_t size)
{
	(void)size;
	return descriptors(l->out, l->in);
}
