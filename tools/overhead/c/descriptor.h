/* A link that is a descriptor at each end, as a byte stream or as packets. */
#include "link.h"

struct link {
	int in, out; /* to read from, to write to */
};

static struct link *descriptors(int in, int out)
{
	struct link *l = malloc(sizeof *l);

	if (!l)
		die("malloc");
	l->in = in;
	l->out = out;
	return l;
}

#ifdef PACKETS

static inline void snd(struct link *l, char *p, size_t n)
{
	ssize_t w;

	while ((w = write(l->out, p, n)) != (ssize_t)n)
		if (w >= 0 || errno != EINTR)
			die("write");
}

static inline void rcv(struct link *l, char *p, size_t n)
{
	ssize_t r;

	while ((r = read(l->in, p, n + 1)) != (ssize_t)n) /* a longer one shows */
		if (r >= 0 || errno != EINTR)
			die("read");
}

#else

static inline void snd(struct link *l, char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(l->out, p, n);
		if (w < 0) {
			if (errno == EINTR)
				continue;
			die("write");
		}
		p += w;
		n -= w;
	}
}

static inline void rcv(struct link *l, char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = read(l->in, p, n);
		if (r <= 0) {
			if (r < 0 && errno == EINTR)
				continue;
			die("read");
		}
		p += r;
		n -= r;
	}
}

#endif
