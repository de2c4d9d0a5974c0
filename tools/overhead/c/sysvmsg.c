#include "sysv.h"
#include <sys/msg.h>

struct link {
	int id;
	long type;
};

static struct link *queue(int id, long type)
{
	struct link *l = malloc(sizeof *l);

	if (!l)
		die("malloc");
	l->id = id;
	l->type = type;
	return l;
}

static struct link *make(size_t size)
{
	(void)size;
	private_objects();
	int id = msgget(IPC_PRIVATE, 0600);
	if (id < 0)
		die("msgget");
	return queue(id, 1);
}

static struct link *make_back(struct link *l, size_t size)
{
	(void)size;
	return queue(l->id, 2);
}

/* The text has the type in front of it: the buffer has room there. */
static struct msgbuf *message(char *p) { return (struct msgbuf *)(p - sizeof(long)); }

static inline void snd(struct link *l, char *p, size_t n)
{
	message(p)->mtype = l->type;
	while (msgsnd(l->id, message(p), n, 0))
		if (errno != EINTR)
			die("msgsnd");
}

static inline void rcv(struct link *l, char *p, size_t n)
{
	ssize_t r;

	while ((r = msgrcv(l->id, message(p), n + 1, l->type, 0)) != (ssize_t)n) /* a longer one shows */
		if (r >= 0 || errno != EINTR)
			die("msgrcv");
}
