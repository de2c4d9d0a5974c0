/* nng over ipc://, with default options. The argument is the pattern:
 *
 *     pair      a pair socket in each process, for both ways
 *     reqrep    req and rep sockets: only PingPong
 *     pushpull  a push socket for each sender of a link, a pull socket for its receiver
 */
#include "ipcbench.h"
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

static struct pattern {
	const char *name;
	int (*sender)(nng_socket *), (*receiver)(nng_socket *);
	int duplex; /* one socket sends on a link and receives the answers */
} patterns[] = {
	{"pair", nng_pair0_open, nng_pair0_open, 1},
	{"reqrep", nng_req0_open, nng_rep0_open, 1},
	{"pushpull", nng_push0_open, nng_pull0_open, 0},
}, *pattern;

static nng_socket sockets[2]; /* by the number of the link, modulo 2 */

/* The socket of an end. That of PingPong has both links. */
static nng_socket *socket_of(const ipcbench_end *e)
{
	return &sockets[pattern->duplex && !strcmp(e->workload, "PingPong") ? 0 : e->number & 1];
}

static int fail(const char *what, int number)
{
	errno = 0;
	return ipcbench_fail("%s: %s", what, nng_strerror(number));
}

static int make_link(ipcbench_end *e)
{
	char url[256];
	int r;

	if (e->queue)
		return ipcbench_unsupported("nng counts the room of a queue in messages, not in bytes");
	if (socket_of(e) != &sockets[e->number & 1])
		return 0;
	snprintf(url, sizeof url, "ipc://%s/link%d", e->dir, e->number);
	if ((r = pattern->receiver(socket_of(e))) || (r = nng_listen(*socket_of(e), url, NULL, 0)))
		return fail(url, r);
	return 0;
}

static int open_end(ipcbench_end *e)
{
	char url[256];
	int r;

	if (nng_socket_id(*socket_of(e)) > 0)
		return 0;
	snprintf(url, sizeof url, "ipc://%s/link%d", e->dir, e->number);
	if ((r = pattern->sender(socket_of(e))) || (r = nng_dial(*socket_of(e), url, NULL, 0)))
		return fail(url, r);
	return 0;
}

static int send_message(ipcbench_end *e, const void *message, size_t size)
{
	int r = nng_send(*socket_of(e), (void *)message, size, 0);

	return r ? fail("nng_send", r) : 0;
}

static ssize_t recv_message(ipcbench_end *e, void *message, size_t size)
{
	size_t n = size + 1;
	int r = nng_recv(*socket_of(e), message, &n, 0);

	return r ? fail("nng_recv", r) : (ssize_t)n;
}

static int close_end(ipcbench_end *e)
{
	nng_socket *s = socket_of(e);
	int r = s == &sockets[e->number & 1] ? nng_close(*s) : 0;

	return r ? fail("nng_close", r) : 0;
}

static char version[32];
static const ipcbench_transport nng = {"nng", version, make_link, open_end, send_message, recv_message, close_end};

int main(int argc, char **argv)
{
	for (pattern = patterns; argc == 2 && pattern < patterns + 3; pattern++)
		if (!strcmp(argv[1], pattern->name))
			break;
	if (argc != 2 || pattern == patterns + 3) {
		fprintf(stderr, "usage: nng pair|reqrep|pushpull\n");
		return 2;
	}
	snprintf(version, sizeof version, "%s", nng_version());
	return ipcbench_main(&nng);
}
