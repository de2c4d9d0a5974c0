/* ZeroMQ (libzmq) over ipc://, with default options. The argument is the pattern:
 *
 *     pair      a PAIR socket in each process, for both ways
 *     reqrep    REQ and REP sockets: only PingPong
 *     pushpull  a PUSH socket for each sender of a link, a PULL socket for its receiver
 */
#include "ipcbench.h"
#include <zmq.h>

static struct pattern {
	const char *name;
	int sender, receiver; /* types of sockets */
	int duplex;           /* one socket sends on a link and receives the answers */
} patterns[] = {
	{"pair", ZMQ_PAIR, ZMQ_PAIR, 1},
	{"reqrep", ZMQ_REQ, ZMQ_REP, 1},
	{"pushpull", ZMQ_PUSH, ZMQ_PULL, 0},
}, *pattern;

static void *context, *both; /* both: the socket of PingPong, for both its links */

static void *open_socket(int type)
{
	if (!context)
		context = zmq_ctx_new();
	return zmq_socket(context, type);
}

/* Whether the link takes the answers of PingPong, on the socket of link 0. */
static int answers(const ipcbench_end *e)
{
	return pattern->duplex && e->number == 1 && !strcmp(e->workload, "PingPong");
}

static int fail(const char *what, const char *endpoint)
{
	errno = 0;
	return ipcbench_fail("%s %s: %s", what, endpoint, zmq_strerror(zmq_errno()));
}

static int make_link(ipcbench_end *e)
{
	char endpoint[256];

	if (e->queue)
		return ipcbench_unsupported("libzmq counts the room of a queue in messages, not in bytes");
	if (answers(e))
		return 0;
	snprintf(endpoint, sizeof endpoint, "ipc://%s/link%d", e->dir, e->number);
	both = e->state = open_socket(pattern->receiver);
	return zmq_bind(e->state, endpoint) ? fail("bind", endpoint) : 0;
}

static int open_end(ipcbench_end *e)
{
	char endpoint[256];

	if (answers(e))
		e->state = both;
	if (e->state)
		return 0;
	snprintf(endpoint, sizeof endpoint, "ipc://%s/link%d", e->dir, e->number);
	both = e->state = open_socket(pattern->sender);
	return zmq_connect(e->state, endpoint) ? fail("connect", endpoint) : 0;
}

static int send_message(ipcbench_end *e, const void *message, size_t size)
{
	return zmq_send(e->state, message, size, 0) < 0 ? -1 : 0;
}

static ssize_t recv_message(ipcbench_end *e, void *message, size_t size)
{
	return zmq_recv(e->state, message, size + 1, 0);
}

static int close_end(ipcbench_end *e)
{
	return answers(e) ? 0 : zmq_close(e->state);
}

static char version[32];
static const ipcbench_transport zeromq = {"libzmq", version, make_link, open_end, send_message, recv_message, close_end};

int main(int argc, char **argv)
{
	int major, minor, patch, status;

	for (pattern = patterns; argc == 2 && pattern < patterns + 3; pattern++)
		if (!strcmp(argv[1], pattern->name))
			break;
	if (argc != 2 || pattern == patterns + 3) {
		fprintf(stderr, "usage: zeromq pair|reqrep|pushpull\n");
		return 2;
	}
	zmq_version(&major, &minor, &patch);
	snprintf(version, sizeof version, "%d.%d.%d", major, minor, patch);
	status = ipcbench_main(&zeromq);
	if (context)
		zmq_ctx_term(context);
	return status;
}
