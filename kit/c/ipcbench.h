/*
 * The C kit of ipcbench: what a transport needs to be measured by
 *
 *     ipcbench run --mech exec:./my-transport
 *
 * An author writes how an end of a link is opened, how a message is sent and
 * received, and how the end is closed. This file has the rest: the loops, the
 * clock, the stamps, the checks and the protocol of docs/protocol.md, version 1.
 * It needs Linux and libc: C99 or C++11, gcc or clang. Compile with -O2. Include
 * it in one source file, before other headers: it defines _GNU_SOURCE.
 * kit/README.md has a whole program.
 *
 *     static int snd(ipcbench_end *e, const void *message, size_t size) { ... }
 *     static ssize_t rcv(ipcbench_end *e, void *message, size_t size) { ... }
 *     static const ipcbench_transport mine = {"mine", "1.0", NULL, open_end, snd, rcv, close_end};
 *     int main(void) { return ipcbench_main(&mine); }
 *
 * Use the names that begin with ipcbench_. Those that begin with ipcb_ are the
 * kit's own. All functions of a process are called from one thread. The kit
 * ignores SIGPIPE.
 */
#ifndef IPCBENCH_H
#define IPCBENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#ifndef CLOCK_MONOTONIC
#error "include ipcbench.h before other headers"
#endif

/* An end of a link in this process. A link goes one way, from its senders to its receiver. */
typedef struct ipcbench_end {
	int sends;            /* 1: this process sends on the link, 0: it receives from it */
	int number;           /* of the link, from 0: the same in all processes */
	int senders;          /* how many processes send on the link, at least 1 */
	int receivers;        /* how many receive from it: 1 */
	int origin;           /* the number of this sender on the link, from 0; 0 in a receiver */
	int fd;               /* what descriptors in the declaration gave this end, to use and to close; -1: none */
	size_t size;          /* bytes of every message, at least 1 */
	size_t queue;         /* capacity of the link in bytes (run --queue); 0: the transport's own */
	const char *dir;      /* a private directory, the same in all processes; also the working directory */
	const char *play;     /* "send", "receive", "call" or "forward" */
	const char *workload; /* such as "PingPong" */
	const char *role;     /* such as "ping" */
	void *state;          /* for the transport's own data; NULL at first */

	/* Set it in open if the library sends only while it is called: it may hold the last
	 * messages of a round, or replies, back. Runs after a round's last operation, outside
	 * of its time, on all ends that have it; returns 0 when all has gone, or -1. NULL at first. */
	int (*flush)(struct ipcbench_end *);
} ipcbench_end;

/*
 * A transport. A function that returns -1 ends the launch with the text of errno,
 * or with that of ipcbench_fail. Make the object static const: the compiler then
 * inlines send and recv into the loops.
 */
typedef struct ipcbench_transport {
	const char *name;    /* of the transport, or of the library that it uses: for the records */
	const char *version; /* of the same */

	/* Makes what senders need to find the link: binds, listens, creates. It runs
	 * in the receiver, before any process opens an end. Returns 0, or -1. The
	 * function pointer can be NULL: nothing to make. */
	int (*make)(ipcbench_end *);

	/* Opens the end. Returns 0, or -1. NULL: nothing to open. */
	int (*open)(ipcbench_end *);

	/* Sends a message of size bytes, and waits while there is no room. The kit
	 * changes the message after send has returned. Returns 0, or -1. */
	int (*send)(ipcbench_end *, const void *message, size_t size);

	/* Waits for the next message and copies it to message, which has room for size + 1
	 * bytes: enough to find a message that is too long. Returns the bytes of the
	 * message, 0 if the senders have closed the link, or -1. */
	ssize_t (*recv)(ipcbench_end *, void *message, size_t size);

	/* Closes the end, after the last round. Returns 0, or -1. NULL: nothing to close. */
	int (*close)(ipcbench_end *);
} ipcbench_transport;

/* Notes why a function of the transport fails, formatted as by printf. Adds the text
 * of errno, unless errno is 0. Returns -1, for the function to return. */
static int ipcbench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Notes why the transport cannot do what the cell requires: ipcbench skips the cell
 * with that reason. For make and open only. Returns -1, for them to return. */
static int ipcbench_unsupported(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes size bytes to a descriptor in blocking mode. Returns 0, or -1. */
static int ipcbench_write(int fd, const void *from, size_t size);

/* Reads size bytes from a descriptor in blocking mode. Returns size, fewer if the
 * stream ends, 0 if it ends before the first byte, or -1. */
static ssize_t ipcbench_read(int fd, void *to, size_t size);

/* ---- the kit's own: a transport needs nothing below but ipcbench_main ---- */

#define IPCB_LINE (1 << 20)  /* bytes of a line of the protocol, at most */
#define IPCB_BUCKETS 32768   /* 1024 of each power of two, up to 2^41 ns */
#define IPCB_MIX UINT64_C(0x9e3779b97f4a7c15)
#define IPCB_INLINE static inline __attribute__((always_inline))

/* What a receiver knows of the messages of an origin in this round. */
struct ipcb_origin {
	uint64_t first, due; /* stamps of its first message and of its next one */
	uint64_t digest;
	uint32_t crc;
	int known; /* first is */
	int quick; /* the next message takes no more than the comparison with due */
};

enum ipcb_play { IPCB_SEND, IPCB_RECEIVE, IPCB_CALL, IPCB_FORWARD };

static struct {
	enum ipcb_play play;
	ipcbench_end *in, *out, ends[2];
	size_t size;
	unsigned char *message, *expected; /* expected: what a sealed message has, see ipcb_examine */
	uint64_t count, first, stamp;      /* of the round; stamp: of the next message that is sent */
	int sealed, latency;
	struct ipcb_origin *origins; /* of in, one for each of its senders */
	uint32_t *times;             /* how many operations took how long, see ipcb_lap */
	int64_t last;
	uint32_t crcs[256];

	char why[512]; /* of ipcbench_fail and ipcbench_unsupported */
	int unsupported;
	char *line, *answer;
	size_t have, used, length; /* bytes in line, those of lines that were taken, bytes in answer */
	char dir[4096], name[64], workload[64], role[64];
} ipcb;

/* ---- lines of the control descriptor ---- */

static inline void ipcb_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void ipcb_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Puts text at the end of the answer. */
static inline void ipcb_say(const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(ipcb.answer + ipcb.length, IPCB_LINE - ipcb.length, format, list);
	va_end(list);
	if (n > 0)
		ipcb.length += (size_t)n < IPCB_LINE - ipcb.length ? (size_t)n : IPCB_LINE - ipcb.length - 1;
}

/* Sends the answer as a line. */
static inline void ipcb_answer(void)
{
	const char *p = ipcb.answer;
	size_t i;

	for (i = 0; i < ipcb.length; i++)
		if (ipcb.answer[i] == '\n')
			ipcb.answer[i] = ' ';
	ipcb.answer[ipcb.length++] = '\n';
	while (ipcb.length > 0) {
		ssize_t n = write(3, p, ipcb.length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fprintf(stderr, "%.*s", (int)ipcb.length, p);
			perror("write to ipcbench, descriptor 3");
			exit(1);
		}
		p += n;
		ipcb.length -= (size_t)n;
	}
}

/* Answers that the part failed, and ends the process. */
static inline void ipcb_die(const char *format, ...)
{
	char text[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	ipcb.length = 0;
	ipcb_say("error %s", text);
	ipcb_answer();
	exit(1);
}

/* The next line from ipcbench, which stays until the next call. */
static inline char *ipcb_line(void)
{
	for (;;) {
		char *at = ipcb.line + ipcb.used, *end = (char *)memchr(at, '\n', ipcb.have - ipcb.used);
		ssize_t n;
		if (end) {
			*end = 0;
			ipcb.used = (size_t)(end + 1 - ipcb.line);
			return at;
		}
		memmove(ipcb.line, at, ipcb.have -= ipcb.used);
		ipcb.used = 0;
		if (ipcb.have == IPCB_LINE)
			ipcb_die("a line from ipcbench has more than %d bytes", IPCB_LINE);
		n = read(3, ipcb.line + ipcb.have, IPCB_LINE - ipcb.have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fprintf(stderr, "ipcbench has closed the control descriptor%s%s\n", n ? ": " : "", n ? strerror(errno) : "");
			exit(1);
		}
		ipcb.have += (size_t)n;
	}
}

/* Whether a line begins with this word. */
static inline int ipcb_is(const char *line, const char *word)
{
	size_t n = strlen(word);

	return !strncmp(line, word, n) && (line[n] == ' ' || !line[n]);
}

/* The value of a field, which ends with a blank or the line; NULL: there is none. */
static inline const char *ipcb_field(const char *line, const char *key)
{
	size_t n = strlen(key);

	while ((line = strchr(line, ' ')))
		if (!strncmp(++line, key, n) && line[n] == '=')
			return line + n + 1;
	return NULL;
}

/* The number in a field, or what stands in its place; missing < 0: it must be there. */
static inline uint64_t ipcb_number(const char *line, const char *key, int base, int missing)
{
	const char *value = ipcb_field(line, key);
	char *end;
	uint64_t n;

	if (!value && missing < 0)
		ipcb_die("line \"%s\": field %s is missing", line, key);
	if (!value)
		return (uint64_t)missing;
	errno = 0;
	n = strtoull(value, &end, base);
	if (errno || end == value || (*end && *end != ' ') || *value == '-')
		ipcb_die("line \"%s\": field %s is no number", line, key);
	return n;
}

/* Copies the text in a field, which must be there. */
static inline const char *ipcb_text(const char *line, const char *key, char *to, size_t room)
{
	const char *value = ipcb_field(line, key);
	size_t n = value ? strcspn(value, " ") : 0;

	if (!value || n >= room)
		ipcb_die("line \"%s\": field %s is %s", line, key, value ? "too long" : "missing");
	memcpy(to, value, n);
	to[n] = 0;
	return to;
}

/* ---- why the transport failed ---- */

static inline void ipcb_because(const char *format, va_list list, int number)
{
	size_t n;

	vsnprintf(ipcb.why, sizeof ipcb.why, format, list);
	n = strlen(ipcb.why);
	if (number)
		snprintf(ipcb.why + n, sizeof ipcb.why - n, ": %s", strerror(number));
}

static inline int ipcbench_fail(const char *format, ...)
{
	int number = errno;
	va_list list;

	va_start(list, format);
	ipcb_because(format, list, number);
	va_end(list);
	return -1;
}

static inline int ipcbench_unsupported(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	ipcb_because(format, list, 0);
	va_end(list);
	ipcb.unsupported = 1;
	return -1;
}

static inline const char *ipcb_reason(void)
{
	return ipcb.why[0] ? ipcb.why : strerror(errno);
}

/* Ends the process with the reason for which make, open or close failed. */
static inline void ipcb_refuse(const char *call, const ipcbench_end *e)
{
	if (!ipcb.unsupported)
		ipcb_die("%s of link %d: %s", call, e->number, ipcb_reason());
	ipcb_say("unsupported %s", ipcb_reason());
	ipcb_answer();
	exit(0);
}

/* How many messages of the round have come, and how many have gone. */
static inline uint64_t ipcb_received(void)
{
	uint64_t n = 0;
	int i;

	for (i = 0; ipcb.in && i < ipcb.in->senders; i++)
		n += ipcb.origins[i].due - ipcb.origins[i].first;
	return n;
}

static inline uint64_t ipcb_sent(void)
{
	return ipcb.play == IPCB_FORWARD ? ipcb_received() : ipcb.stamp - ipcb.first;
}

static __attribute__((noinline, cold, noreturn)) void ipcb_send_failed(void)
{
	const char *why = ipcb_reason();

	ipcb_die("send of message %llu on link %d: %s", (unsigned long long)ipcb_sent(), ipcb.out->number, why);
}

static __attribute__((noinline, cold, noreturn)) void ipcb_recv_failed(ssize_t n)
{
	const char *why = ipcb_reason();
	unsigned long long due = ipcb_received() + 1;

	if (n < 0)
		ipcb_die("recv of message %llu on link %d: %s", due, ipcb.in->number, why);
	if (n == 0)
		ipcb_die("end of link %d before message %llu: recv returned no byte", ipcb.in->number, due);
	ipcb_die("message %llu on link %d has %s%llu bytes, want %llu", due, ipcb.in->number, (size_t)n > ipcb.size ? "at least " : "",
	         (unsigned long long)n, (unsigned long long)ipcb.size);
}

/* ---- descriptors ---- */

static __attribute__((noinline)) int ipcb_write_rest(int fd, const char *p, size_t left, ssize_t n)
{
	for (;;) {
		if (n < 0 && errno != EINTR)
			return ipcbench_fail("write");
		if (n > 0) {
			p += n;
			left -= (size_t)n;
		}
		if (!left)
			return 0;
		n = write(fd, p, left);
	}
}

static inline int ipcbench_write(int fd, const void *from, size_t size)
{
	ssize_t n = write(fd, from, size);

	return n == (ssize_t)size ? 0 : ipcb_write_rest(fd, (const char *)from, size, n);
}

static __attribute__((noinline)) ssize_t ipcb_read_rest(int fd, char *p, size_t size, ssize_t n)
{
	size_t have = 0;

	for (;;) {
		if (n < 0 && errno != EINTR)
			return ipcbench_fail("read");
		if (n > 0)
			have += (size_t)n;
		if (n == 0 || have == size)
			return (ssize_t)have;
		n = read(fd, p + have, size - have);
	}
}

static inline ssize_t ipcbench_read(int fd, void *to, size_t size)
{
	ssize_t n = read(fd, to, size);

	return n == (ssize_t)size ? n : ipcb_read_rest(fd, (char *)to, size, n);
}

/* ---- stamps, seals and checks ---- */

/* Compilers make one store and one load of these on a machine that is little endian. */
IPCB_INLINE void ipcb_put(unsigned char *p, uint64_t v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
	p[2] = (unsigned char)(v >> 16);
	p[3] = (unsigned char)(v >> 24);
	p[4] = (unsigned char)(v >> 32);
	p[5] = (unsigned char)(v >> 40);
	p[6] = (unsigned char)(v >> 48);
	p[7] = (unsigned char)(v >> 56);
}

IPCB_INLINE uint64_t ipcb_get(const unsigned char *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
	       (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/* Fills a message with the stamp and the bytes of a sealed round. A buffer has
 * room for 8 bytes more than its message. */
static inline void ipcb_seal(unsigned char *p, uint64_t stamp)
{
	uint64_t x = stamp * IPCB_MIX + 1;
	size_t i;

	ipcb_put(p, stamp);
	for (i = 8; i < ipcb.size; i += 8) {
		if (i + 8 <= ipcb.size) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
		}
		ipcb_put(p + i, x);
	}
}

static inline uint32_t ipcb_crc(uint32_t crc, const unsigned char *p, size_t n)
{
	for (crc = ~crc; n > 0; n--)
		crc = ipcb.crcs[(crc ^ *p++) & 255] ^ crc >> 8;
	return ~crc;
}

/* The check of a message for all that a round may ask. */
static __attribute__((noinline)) void ipcb_examine(void)
{
	uint64_t mask = ipcb.size < 8 ? (UINT64_C(1) << 8 * ipcb.size) - 1 : ~UINT64_C(0);
	uint64_t got = ipcb_get(ipcb.message) & mask, want;
	int from = ipcb.in->senders > 1 ? (int)(got >> 48) : 0;
	struct ipcb_origin *o = &ipcb.origins[from];
	unsigned long long number;

	if (from >= ipcb.in->senders)
		ipcb_die("message of origin %d on link %d, which has %d senders: damaged, or of another link", from, ipcb.in->number, ipcb.in->senders);
	if (!o->known) {
		o->known = 1;
		o->first = o->due = got;
	}
	want = o->due & mask;
	number = o->due - o->first + 1;
	if (got != want)
		ipcb_die("message %llu of origin %d: %s: want %llx, got %llx", number, from,
		         got - want > UINT64_C(1) << 32 && want - got > UINT64_C(1) << 32 ? "damaged, or of another link" : "lost, doubled or reordered",
		         (unsigned long long)want, (unsigned long long)got);
	if (ipcb.sealed) {
		size_t i;
		ipcb_seal(ipcb.expected, got);
		for (i = 0; i < ipcb.size; i++)
			if (ipcb.message[i] != ipcb.expected[i])
				ipcb_die("message %llu of origin %d: damaged at byte %llu of %llu: want %02x, got %02x", number, from, (unsigned long long)i,
				         (unsigned long long)ipcb.size, ipcb.expected[i], ipcb.message[i]);
		o->crc = ipcb_crc(o->crc, ipcb.message, ipcb.size);
	}
	o->digest = (o->digest ^ got) * IPCB_MIX;
	o->due++;
	o->quick = ipcb.in->senders == 1 && ipcb.size >= 8 && !ipcb.sealed;
}

/* Makes the buffer the next message of this part, and sends it. */
IPCB_INLINE void ipcb_send_next(const ipcbench_transport *t)
{
	uint64_t stamp = ipcb.stamp++;

	if (ipcb.sealed)
		ipcb_seal(ipcb.message, stamp);
	else
		ipcb_put(ipcb.message, stamp);
	if (t->send(ipcb.out, ipcb.message, ipcb.size) != 0)
		ipcb_send_failed();
}

/* Receives the next message and checks it. */
IPCB_INLINE void ipcb_recv_next(const ipcbench_transport *t)
{
	struct ipcb_origin *o = ipcb.origins;
	ssize_t n;
	uint64_t stamp;

	n = t->recv(ipcb.in, ipcb.message, ipcb.size);
	if (n != (ssize_t)ipcb.size)
		ipcb_recv_failed(n);
	stamp = ipcb_get(ipcb.message);
	if (o->quick && stamp == o->due) {
		o->digest = (o->digest ^ stamp) * IPCB_MIX;
		o->due++;
	} else {
		ipcb_examine();
	}
}

/* ---- the clock ---- */

static inline int64_t ipcb_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Counts what the operation took that ends now. Buckets up to 2048 ns have one
 * value each, those above are at most 1/1024 wide. */
static inline void ipcb_lap(void)
{
	int64_t now = ipcb_now();
	uint64_t ns = (uint64_t)(now - ipcb.last);
	int shift;

	ipcb.last = now;
	if (ns >= UINT64_C(1) << 41)
		ns = (UINT64_C(1) << 41) - 1;
	shift = ns < 2048 ? 0 : 53 - __builtin_clzll(ns);
	ipcb.times[(size_t)shift * 1024 + (ns >> shift)]++;
}

/* ---- the part ---- */

static inline void *ipcb_memory(size_t size)
{
	char *p = (char *)malloc(size);

	if (!p)
		ipcb_die("no memory for %llu bytes", (unsigned long long)size);
	return p;
}

/* A buffer of a message: from the start of a page on, as ipcbench's own, and every
 * page is written once, so that no page fault falls into a round. */
static inline unsigned char *ipcb_buffer(size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t at = (uintptr_t)ipcb_memory(size + 16 + page) + page - 1;
	unsigned char *p = (unsigned char *)(at - at % page);

	memset(p, 1, size + 16);
	return p;
}

/* Reads what this process is to do. Returns why this kit cannot, or NULL. */
static inline const char *ipcb_read_part(void)
{
	static const char *const plays[] = {"send", "receive", "call", "forward"};
	const char *line = ipcb_line(), *why = NULL;
	char way[16];
	size_t queue;
	int i = 0, links = 0;

	if (!ipcb_is(line, "part"))
		ipcb_die("line \"%s\" out of turn: want part", line);
	ipcb_text(line, "play", ipcb.name, sizeof ipcb.name);
	ipcb_text(line, "workload", ipcb.workload, sizeof ipcb.workload);
	ipcb_text(line, "role", ipcb.role, sizeof ipcb.role);
	ipcb_text(line, "dir", ipcb.dir, sizeof ipcb.dir);
	ipcb.size = (size_t)ipcb_number(line, "size", 10, -1);
	queue = (size_t)ipcb_number(line, "queue", 10, -1);
	if (ipcb.size < 1 || ipcb.size > SIZE_MAX / 2)
		ipcb_die("line \"%s\": no size of a message", line);
	while (i < 4 && strcmp(plays[i], ipcb.name))
		i++;
	if (i == 4)
		why = "this kit has the plays send, receive, call and forward";
	ipcb.play = (enum ipcb_play)i;
	while (ipcb_is(line = ipcb_line(), "link")) {
		ipcbench_end *e = &ipcb.ends[links++ & 1];
		e->number = (int)ipcb_number(line, "number", 10, -1);
		e->senders = (int)ipcb_number(line, "senders", 10, -1);
		e->receivers = (int)ipcb_number(line, "receivers", 10, -1);
		e->fd = ipcb_field(line, "fd") ? (int)ipcb_number(line, "fd", 10, 0) : -1;
		if (e->fd >= 0)
			fcntl(e->fd, F_SETFD, FD_CLOEXEC); /* a child would keep the link open */
		e->size = ipcb.size;
		e->queue = queue;
		e->dir = ipcb.dir;
		e->play = ipcb.name;
		e->workload = ipcb.workload;
		e->role = ipcb.role;
		e->sends = !strcmp("send", ipcb_text(line, "way", way, sizeof way));
		if (e->sends)
			e->origin = (int)ipcb_number(line, "origin", 10, -1);
		else if (e->senders < 1 || e->senders > 65535)
			ipcb_die("line \"%s\": no number of senders", line);
		*(e->sends ? &ipcb.out : &ipcb.in) = e;
		if (!e->sends && e->senders > 1 && ipcb.size < 8)
			why = "messages of fewer than 8 bytes do not name their sender";
	}
	if (!ipcb_is(line, "make"))
		ipcb_die("line \"%s\" out of turn: want link or make", line);
	if (!why && links != (ipcb.in != NULL) + (ipcb.out != NULL))
		why = "this kit plays on at most one link of each way";
	if (!why && ((!ipcb.out && i != IPCB_RECEIVE) || (!ipcb.in && i != IPCB_SEND)))
		ipcb_die("play %s lacks a link", ipcb.name);
	return why;
}

/* All up to the first round. */
static inline void ipcb_begin(const ipcbench_transport *t)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	const char *why, *line, *p;
	int i;
	uint32_t n;

	if (getsockname(3, (struct sockaddr *)&address, &length) || address.ss_family != AF_UNIX) {
		fprintf(stderr, "%s is a transport for ipcbench, which starts it: ipcbench run --mech exec:PROGRAM\n", t->name);
		exit(2);
	}
	fcntl(3, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	ipcb.line = (char *)malloc(IPCB_LINE);
	ipcb.answer = (char *)malloc(IPCB_LINE + 1);
	if (!ipcb.line || !ipcb.answer) {
		perror("malloc");
		exit(1);
	}
	ipcb_say("hello protocol=1 kit=c name=");
	for (p = t->name; *p; p++)
		ipcb_say("%c", *p == ' ' ? '-' : *p);
	ipcb_say(" version=");
	for (p = t->version; *p; p++)
		ipcb_say("%c", *p == ' ' ? '-' : *p);
	ipcb_answer();
	why = ipcb_read_part();
	if (why) {
		ipcb_say("unsupported %s", why);
		ipcb_answer();
		exit(0);
	}
	errno = 0;
	if (t->make && ipcb.in && t->make(ipcb.in))
		ipcb_refuse("make", ipcb.in);
	ipcb_say("made");
	ipcb_answer();
	line = ipcb_line();
	if (!ipcb_is(line, "open"))
		ipcb_die("line \"%s\" out of turn: want open", line);
	for (i = 0; i < 2; i++)
		if (ipcb.ends[i].size && t->open && t->open(&ipcb.ends[i]))
			ipcb_refuse("open", &ipcb.ends[i]);
	ipcb.message = ipcb_buffer(ipcb.size);
	ipcb.expected = ipcb_buffer(ipcb.size);
	if (ipcb.in)
		ipcb.origins = (struct ipcb_origin *)ipcb_memory((size_t)ipcb.in->senders * sizeof *ipcb.origins);
	for (n = 0; n < 256; n++) {
		uint32_t crc = n;
		for (i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ UINT32_C(0xedb88320) : crc >> 1;
		ipcb.crcs[n] = crc;
	}
	ipcb_say("ready");
	ipcb_answer();
}

/* Gets ready for the next round and waits for its start. 0: there is no further one. */
static inline int ipcb_round(void)
{
	char *line = ipcb_line();
	int starts = ipcb.play == IPCB_SEND || ipcb.play == IPCB_CALL;

	if (ipcb_is(line, "close"))
		return 0;
	if (!ipcb_is(line, "round"))
		ipcb_die("line \"%s\" out of turn: want round or close", line);
	ipcb.count = ipcb_number(line, "count", 10, -1);
	ipcb.first = ipcb.stamp = ipcb_number(line, "first", 16, starts ? -1 : 0);
	ipcb.sealed = (int)ipcb_number(line, "sealed", 10, 0);
	ipcb.latency = (int)ipcb_number(line, "latency", 10, 0) && ipcb.play == IPCB_CALL;
	if (ipcb.in)
		memset(ipcb.origins, 0, (size_t)ipcb.in->senders * sizeof *ipcb.origins);
	if (ipcb.play == IPCB_CALL) {
		ipcb.origins[0].first = ipcb.origins[0].due = ipcb.first;
		ipcb.origins[0].known = 1;
	}
	if (ipcb.latency) {
		if (!ipcb.times)
			ipcb.times = (uint32_t *)ipcb_memory(IPCB_BUCKETS * sizeof *ipcb.times);
		memset(ipcb.times, 0, IPCB_BUCKETS * sizeof *ipcb.times);
	}
	ipcb_say("armed");
	ipcb_answer();
	line = ipcb_line();
	if (!ipcb_is(line, "go"))
		ipcb_die("line \"%s\" out of turn: want go", line);
	errno = 0;
	return 1;
}

/* Has the transport send what it holds back, before this process waits for ipcbench. */
static inline void ipcb_flush(void)
{
	int i;

	for (i = 0; i < 2; i++)
		if (ipcb.ends[i].flush && ipcb.ends[i].flush(&ipcb.ends[i]))
			ipcb_die("flush of link %d: %s", ipcb.ends[i].number, ipcb_reason());
}

/* Answers with the account of the round. */
static inline void ipcb_account(int64_t start, int64_t end)
{
	int i, n = ipcb.in ? ipcb.in->senders : 0;
	const char *comma;

	ipcb_say("done start=%lld end=%lld sent=%llu received=%s", (long long)start, (long long)end, ipcb.out ? (unsigned long long)ipcb_sent() : 0,
	         n ? "" : "0");
	for (i = 0; i < n; i++)
		ipcb_say("%s%llu", i ? "," : "", (unsigned long long)(ipcb.origins[i].due - ipcb.origins[i].first));
	ipcb_say(" digest=%s", n ? "" : "0");
	for (i = 0; i < n; i++)
		ipcb_say("%s%llx", i ? "," : "", (unsigned long long)ipcb.origins[i].digest);
	if (ipcb.sealed) {
		ipcb_say(" crc=%s", n ? "" : "0");
		for (i = 0; i < n; i++)
			ipcb_say("%s%lx", i ? "," : "", (unsigned long)ipcb.origins[i].crc);
	}
	if (ipcb.latency) {
		ipcb_say(" latencies=");
		for (comma = "", i = 0; i < IPCB_BUCKETS; i++) {
			int shift = i < 2048 ? 0 : i / 1024 - 1;
			if (!ipcb.times[i])
				continue;
			ipcb_say("%s%llu:%lu", comma, (unsigned long long)(i - shift * 1024) << shift, (unsigned long)ipcb.times[i]);
			comma = ",";
		}
	}
	ipcb_answer();
}

/* Plays the part that ipcbench gives this process, and returns the exit status
 * of main. */
IPCB_INLINE int ipcbench_main(const ipcbench_transport *t)
{
	int i;

	ipcb_begin(t);
	while (ipcb_round()) {
		uint64_t n = ipcb.count;
		int64_t end, start = ipcb.last = ipcb_now();
		switch (ipcb.play) {
		case IPCB_SEND:
			for (; n > 0; n--)
				ipcb_send_next(t);
			break;
		case IPCB_RECEIVE:
			for (; n > 0; n--)
				ipcb_recv_next(t);
			break;
		case IPCB_CALL:
			for (; n > 0; n--) {
				ipcb_send_next(t);
				if (ipcb.sealed) /* else the answer would be there before it comes */
					memset(ipcb.message, 0, ipcb.size);
				ipcb_recv_next(t);
				if (ipcb.latency)
					ipcb_lap();
			}
			break;
		case IPCB_FORWARD:
			for (; n > 0; n--) {
				ipcb_recv_next(t);
				if (t->send(ipcb.out, ipcb.message, ipcb.size) != 0)
					ipcb_send_failed();
			}
			break;
		}
		end = ipcb_now();
		ipcb_flush();
		ipcb_account(start, end);
	}
	for (i = 0; i < 2; i++)
		if (ipcb.ends[i].size && t->close && t->close(&ipcb.ends[i]))
			ipcb_die("close of link %d: %s", ipcb.ends[i].number, ipcb_reason());
	return 0;
}

#endif
