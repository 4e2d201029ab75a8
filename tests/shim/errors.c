// SPDX-License-Identifier: GPL-2.0
/* Results and errno of failing and trivial calls are those of the system call. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "test.h"

#define NSIG_BYTES 8

/* One line per call: as libc has it, and as the kernel has it. */
#define same(call, ...)							\
	do {								\
		errno = 0;						\
		long got = (call);					\
		int got_errno = errno;					\
		errno = 0;						\
		long want = syscall(__VA_ARGS__);			\
		must(got == want && got_errno == errno,			\
		     #call ": %ld (%s), not %ld (%s)", got,		\
		     strerror(got_errno), want, strerror(errno));	\
	} while (0)

static void one_descriptor(int fd, void *buf, size_t len)
{
	struct iovec good[2] = { { buf, len }, { buf, 0 } };
	struct iovec *iovs[] = { good, bad_pointer(), NULL };
	struct msghdr msg = { .msg_iov = good, .msg_iovlen = 1 };
	struct mmsghdr mmsg = { .msg_hdr = msg };
	struct timespec now = { 0, 0 }, bad_time = { -1, 0 };
	struct epoll_event event;
	struct sockaddr_storage addr;
	socklen_t addrlen;

	same(read(fd, buf, len), SYS_read, fd, buf, len);
	same(write(fd, buf, len), SYS_write, fd, buf, len);
	for (int i = 0; i < 3; i++) {
		for (int count = -1; count <= 2; count++) {
			same(readv(fd, iovs[i], count), SYS_readv, fd, iovs[i], count);
			same(writev(fd, iovs[i], count), SYS_writev, fd, iovs[i], count);
			same(preadv(fd, iovs[i], count, 1), SYS_preadv, fd, iovs[i], count, 1, 0);
			same(pwritev(fd, iovs[i], count, -1), SYS_pwritev, fd, iovs[i], count, -1L, 0);
		}
		same(readv(fd, iovs[i], IOV_MAX + 1), SYS_readv, fd, iovs[i], IOV_MAX + 1);
	}
	for (off_t offset = -1; offset <= 1; offset++) {
		same(pread(fd, buf, len, offset), SYS_pread64, fd, buf, len, offset);
		same(pwrite(fd, buf, len, offset), SYS_pwrite64, fd, buf, len, offset);
	}
	same(pread(fd, buf, len, INT64_MAX), SYS_pread64, fd, buf, len, INT64_MAX);

	for (int i = 0; i < 4; i++) {
		int flags = (int[]){ MSG_DONTWAIT, MSG_DONTWAIT | MSG_PEEK,
				     MSG_DONTWAIT | MSG_OOB, MSG_DONTWAIT | -0x80000000 }[i]
			    | MSG_NOSIGNAL;

		same(send(fd, buf, len, flags), SYS_sendto, fd, buf, len, flags, NULL, 0);
		same(sendto(fd, buf, len, flags, bad_pointer(), 16), SYS_sendto, fd, buf, len, flags, bad_pointer(), 16);
		same(sendmsg(fd, &msg, flags), SYS_sendmsg, fd, &msg, flags);
		same(sendmsg(fd, bad_pointer(), flags), SYS_sendmsg, fd, bad_pointer(), flags);
		same(sendmmsg(fd, &mmsg, 1, flags), SYS_sendmmsg, fd, &mmsg, 1, flags);
		same(sendmmsg(fd, &mmsg, 0, flags), SYS_sendmmsg, fd, &mmsg, 0, flags);
		same(recv(fd, buf, len, flags), SYS_recvfrom, fd, buf, len, flags, NULL, NULL);
		addrlen = sizeof(addr);
		same(recvfrom(fd, buf, len, flags, (void *)&addr, &addrlen), SYS_recvfrom, fd, buf, len, flags, &addr, &addrlen);
		same(recvmsg(fd, &msg, flags), SYS_recvmsg, fd, &msg, flags);
		same(recvmsg(fd, bad_pointer(), flags), SYS_recvmsg, fd, bad_pointer(), flags);
		same(recvmmsg(fd, &mmsg, 1, flags, NULL), SYS_recvmmsg, fd, &mmsg, 1, flags, NULL);
		same(recvmmsg(fd, &mmsg, 1, flags, &bad_time), SYS_recvmmsg, fd, &mmsg, 1, flags, &bad_time);
	}
	addrlen = sizeof(addr);
	same(accept(fd, (void *)&addr, &addrlen), SYS_accept, fd, &addr, &addrlen);
	same(accept4(fd, NULL, NULL, SOCK_NONBLOCK), SYS_accept4, fd, NULL, NULL, SOCK_NONBLOCK);
	same(accept4(fd, NULL, NULL, 1), SYS_accept4, fd, NULL, NULL, 1);

	same(epoll_wait(fd, &event, 1, 0), RAW_EPOLL_WAIT(fd, &event, 1, 0));
	same(epoll_wait(fd, &event, 0, 0), RAW_EPOLL_WAIT(fd, &event, 0, 0));
	same(epoll_wait(fd, bad_pointer(), 1, 0), RAW_EPOLL_WAIT(fd, bad_pointer(), 1, 0));
	same(epoll_pwait(fd, &event, 1, 0, bad_pointer()), SYS_epoll_pwait, fd, &event, 1, 0, bad_pointer(), NSIG_BYTES);

	struct stat st, st2;
	off_t at = 0;
	int on = 1;

	same(fstat(fd, &st), SYS_fstat, fd, &st2);
	must(!memcmp(&st.st_mode, &st2.st_mode, sizeof(st.st_mode)));
	same(fstat(fd, bad_pointer()), SYS_fstat, fd, bad_pointer());
	same(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)), SYS_setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	same(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)), SYS_setsockopt, fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
	same(setsockopt(fd, IPPROTO_TCP, TCP_CORK, bad_pointer(), 4), SYS_setsockopt, fd, IPPROTO_TCP, TCP_CORK, bad_pointer(), 4);
	same(setsockopt(fd, -1, -1, &on, -1), SYS_setsockopt, fd, -1, -1, &on, -1);
	same(sendfile(fd, fd, &at, 10), SYS_sendfile, fd, fd, &at, 10);
	same(sendfile(fd, -1, bad_pointer(), 10), SYS_sendfile, fd, -1, bad_pointer(), 10);
	same(openat(fd, "x", O_RDONLY), SYS_openat, fd, "x", O_RDONLY, 0);
	same(openat(fd, bad_pointer(), O_RDONLY), SYS_openat, fd, bad_pointer(), O_RDONLY, 0);

	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT }, pfd2 = pfd;

	same(poll(&pfd, 1, 0), RAW_POLL(&pfd2, 1, 0));
	must(pfd.revents == pfd2.revents);
	same(poll(bad_pointer(), 1, 0), RAW_POLL(bad_pointer(), 1, 0));
	same(poll(NULL, 0, 1), RAW_POLL(NULL, 0, 1));
	same(poll(bad_pointer(), 1UL << 40, 0), RAW_POLL(bad_pointer(), 1UL << 40, 0));
	same(ppoll(&pfd, 1, &now, NULL), SYS_ppoll, &pfd2, 1, &now, NULL, NSIG_BYTES);
	same(ppoll(&pfd, 1, &bad_time, NULL), SYS_ppoll, &pfd2, 1, &bad_time, NULL, NSIG_BYTES);
	same(ppoll(&pfd, 1, &now, bad_pointer()), SYS_ppoll, &pfd2, 1, &now, bad_pointer(), NSIG_BYTES);
}

/* The mode counts where a file is made, and only there. */
static void opens(void)
{
	static const char name[] = "errors.file";
	char dir[] = "/tmp/errors.XXXXXX";
	struct stat st;
	int fd, top;

	must(mkdtemp(dir) && !chdir(dir));
	umask(022);
	top = open(".", O_PATH);
	must(top >= 0);
	must(open(name, O_RDONLY) == -1 && errno == ENOENT);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0773);
	must(fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0751);
	must(open(name, O_RDWR | O_CREAT | O_EXCL, 0773) == -1 && errno == EEXIST);
	close(fd);
	fd = openat(top, name, O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && write(fd, "abc", 3) == 3);
	close(fd);
	fd = openat(top, ".", O_TMPFILE | O_RDWR, 0640);
	must(fd >= 0 ? !fstat(fd, &st) && (st.st_mode & 07777) == 0640 : errno == EOPNOTSUPP, "%d", errno);
	close(fd);
	fd = open64(name, O_RDONLY);
	must(fd >= 0 && !fstat64(fd, (void *)&st) && st.st_size == 3);
	close(fd);
	must(open("/", O_WRONLY) == -1 && errno == EISDIR);
	must(open(bad_pointer(), O_RDONLY) == -1 && errno == EFAULT);
	must(!unlink(name) && !chdir("/") && !rmdir(dir));
	close(top);
}

int main(int argc, char **argv)
{
	static char space[4096];
	int fds[16], n = 0;
	int pair[2];

	(void)argc;
	shim_start(argv);
	signal(SIGPIPE, SIG_IGN);

	must(!pipe2(pair, O_NONBLOCK));
	fds[n++] = pair[0];
	fds[n++] = pair[1];
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
	fds[n++] = pair[0];
	must(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair));
	fds[n++] = pair[0];
	fds[n++] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	fds[n++] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(!listen(fds[n - 1], 1));
	fds[n++] = open("/dev/null", O_RDWR);
	fds[n++] = open("/dev/full", O_RDWR);
	fds[n++] = open("/", O_RDONLY);
	fds[n++] = epoll_create1(0);
	fds[n++] = -1;
	fds[n++] = 999;
	fds[n++] = INT_MIN;

	for (int i = 0; i < n; i++) {
		one_descriptor(fds[i], space, 1);
		one_descriptor(fds[i], space, 0);
		one_descriptor(fds[i], bad_pointer(), 100);
		one_descriptor(fds[i], bad_pointer(), 0);
		one_descriptor(fds[i], space, SIZE_MAX);
	}
	opens();
	same(close(-1), SYS_close, -1);
	same(close(999), SYS_close, 999);

	/* The caller's timeout stays as it was. */
	struct timespec timeout = { 0, 2000000 };

	must(ppoll(NULL, 0, &timeout, NULL) == 0);
	must(timeout.tv_sec == 0 && timeout.tv_nsec == 2000000);
	return 0;
}
