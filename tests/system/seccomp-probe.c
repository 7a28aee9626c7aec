/*
 * Makes system calls under a seccomp filter and says what became of them.
 *
 *     seccomp-probe calls FILTER NR…    each call with -1 for every argument
 *     seccomp-probe attacks FILTER      what a hostile program would try; "-" is no filter
 *
 * One line each: the number or name, and the errno, 0 for a success, or "signal N".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void confine(const char *path)
{
	static struct sock_filter filter[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, filter, sizeof filter);
	struct sock_fprog program = { .len = size / sizeof *filter, .filter = filter };

	close(fd);
	if (size <= 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
		perror(path);
		exit(1);
	}
}

static int calls(int count, char **numbers)
{
	int *results = calloc(count, sizeof *results);

	for (int i = 0; i < count; i++) {
		long result = syscall(atoi(numbers[i]), -1L, -1L, -1L, -1L, -1L, -1L);
		results[i] = result == -1 ? errno : 0;
	}
	for (int i = 0; i < count; i++)
		printf("%s %d\n", numbers[i], results[i]);
	return 0;
}

static long unshare_user(void) { return unshare(CLONE_NEWUSER); }
static long unshare_mount(void) { return unshare(CLONE_NEWNS); }
static long clone_user(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid;
}
static long clone3_user(void)
{
	unsigned long args[8] = { CLONE_NEWUSER, [4] = SIGCHLD };
	long pid = syscall(SYS_clone3, args, sizeof args);
	if (pid == 0)
		_exit(0);
	return pid;
}
static long join_namespace(void) { return setns(open("/proc/self/ns/uts", O_RDONLY), 0); }
static long new_filesystem(void) { return syscall(SYS_fsopen, "tmpfs", 0); }
static long clone_mount_tree(void) { return syscall(SYS_open_tree, AT_FDCWD, "/", 1); }
/* Shocker: root by a file handle leads out of any mount namespace. */
static long open_by_handle(void)
{
	struct { struct file_handle head; char bytes[128]; } handle = { .head.handle_bytes = 128 };
	int mount, root = open("/tmp", O_RDONLY);
	if (name_to_handle_at(AT_FDCWD, "/tmp", &handle.head, &mount, 0))
		return -1;
	return open_by_handle_at(root, &handle.head, O_RDONLY);
}
static long load_bpf(void)
{
	unsigned attr[32] = { 2, 4, 4, 1 }; /* BPF_MAP_TYPE_ARRAY */
	return syscall(SYS_bpf, 0, attr, sizeof attr);
}
static long session_keyring(void) { return syscall(SYS_keyctl, 0, -3, 0); }
static long add_key(void) { return syscall(SYS_add_key, "user", "probe", "x", 1, -1); }
static long fault_handler(void) { return syscall(SYS_userfaultfd, O_CLOEXEC); }
static long io_uring(void)
{
	char params[120] = { 0 };
	return syscall(SYS_io_uring_setup, 1, params);
}
static long steal_fd(void)
{
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	return syscall(SYS_pidfd_getfd, pidfd, 0, 0);
}
static long compare_kernel_pointers(void) { return syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0); }
static long read_kernel_log(void) { return syscall(SYS_syslog, 10, 0, 0); }
static long set_clock(void) { return syscall(SYS_settimeofday, 0, 0); }
static long no_randomization(void) { return syscall(SYS_personality, 0x0040000L); }
static long vsock(void) { return socket(AF_VSOCK, SOCK_STREAM, 0); }
static long kernel_crypto(void) { return socket(AF_ALG, SOCK_SEQPACKET, 0); }
/* The kernel looks at the low half of the family only. */
static long vsock_in_disguise(void) { return syscall(SYS_socket, 1L << 32 | AF_VSOCK, SOCK_STREAM, 0); }
#ifdef __x86_64__
static long io_ports(void) { return syscall(SYS_iopl, 0); }
static long i386_entry(void)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}
static long x32_unshare(void) { return syscall(0x40000000 + SYS_unshare, CLONE_NEWUSER); }
#endif

#define ATTACK(name) { #name, name }
static const struct { const char *name; long (*make)(void); } list[] = {
	ATTACK(unshare_user), ATTACK(unshare_mount), ATTACK(clone_user), ATTACK(clone3_user),
	ATTACK(join_namespace), ATTACK(new_filesystem), ATTACK(clone_mount_tree),
	ATTACK(open_by_handle), ATTACK(load_bpf), ATTACK(session_keyring), ATTACK(add_key),
	ATTACK(fault_handler), ATTACK(io_uring), ATTACK(steal_fd), ATTACK(compare_kernel_pointers),
	ATTACK(read_kernel_log), ATTACK(set_clock), ATTACK(no_randomization), ATTACK(vsock),
	ATTACK(kernel_crypto), ATTACK(vsock_in_disguise),
#ifdef __x86_64__
	ATTACK(io_ports), ATTACK(i386_entry), ATTACK(x32_unshare),
#endif
};

/* Each in a process of its own, so that what one changes does not help the next. */
static int attacks(void)
{
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		int status, result[2];
		pipe(result);
		pid_t pid = fork();
		if (pid == 0) {
			int error = list[i].make() == -1 ? errno : 0;
			write(result[1], &error, sizeof error);
			_exit(0);
		}
		close(result[1]);
		int error = 0;
		read(result[0], &error, sizeof error);
		close(result[0]);
		waitpid(pid, &status, 0);
		if (WIFSIGNALED(status))
			printf("%s signal %d\n", list[i].name, WTERMSIG(status));
		else
			printf("%s %d\n", list[i].name, error);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (strcmp(argv[2], "-"))
		confine(argv[2]);
	return strcmp(argv[1], "calls") ? attacks() : calls(argc - 3, argv + 3);
}
