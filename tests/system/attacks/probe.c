/*
 * What a hostile program in a container tries, one attack a run:
 *
 *     probe ATTACK [ARGUMENT…]
 *
 * Ends with 0 where the attack succeeds. None does harm where it does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ok(condition) ((condition) ? 0 : (perror("probe"), 1))
/* The kernel has let us through to where it looks at the arguments, which are meant to be wrong. */
#define past_the_check(error) (errno == (error) ? 0 : (perror("probe"), 1))

/* -- capabilities -- */

static int load_module(char **a) { syscall(SYS_init_module, "x", 1L, ""); return past_the_check(ENOEXEC); }
static int set_clock(char **a) { return ok(!syscall(SYS_settimeofday, 0L, 0L)); }
static int reboot(char **a) { syscall(SYS_reboot, 0, 0, 0, 0); return past_the_check(EINVAL); }
static int stop_accounting(char **a) { return ok(!syscall(SYS_acct, 0L)); }
static int raise_priority(char **a) { return ok(!setpriority(PRIO_PROCESS, 0, -10)); }
static int swap_off(char **a) { syscall(SYS_swapoff, "/no/such/file"); return past_the_check(ENOENT); }
#ifdef __x86_64__
static int io_ports(char **a) { return ok(!syscall(SYS_iopl, 3)); }
#endif

/* Shocker: the root directory of the file system on which a file of the host's lies, by its well-known number. */
static int open_by_handle(char **a)
{
	struct { struct file_handle head; uint32_t words[2]; } handle = { { 8, 1 }, { 2, 0 } };
	int mount = open(a[0], O_RDONLY);
	int root = open_by_handle_at(mount, &handle.head, O_RDONLY | O_DIRECTORY);
	return ok(root >= 0 && openat(root, a[1] + 1, O_RDONLY) >= 0);
}

/* -- new privileges: runs a copy of this program that belongs to root, as a user who is not -- */

static int is_root(char **a) { return geteuid() != 0; }
static int has_raw_sockets(char **a) { return ok(socket(AF_INET, SOCK_RAW, 1) >= 0); }
static int as_user(char **a)
{
	if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
		return 2;
	execv(a[0], a);
	return 2;
}
static int give_capability(char **a)
{
	/* struct vfs_cap_data, revision 2: effective, permitted CAP_NET_RAW */
	uint32_t data[5] = { 0x02000001, 1 << 13, 0, 0, 0 };
	return ok(!setxattr(a[0], "security.capability", data, sizeof data, 0));
}

/* -- namespaces -- */

static int user_namespace(char **a) { return ok(!unshare(CLONE_NEWUSER)); }
/* CVE-2022-0492: a user namespace is all it took to mount a hierarchy with its release_agent. */
static int cgroups_by_user_namespace(char **a)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP))
		return ok(0);
	mkdir("/tmp/cg", 0755);
	return ok(!mount("cgroup2", "/tmp/cg", "cgroup2", 0, 0));
}
static int see_process(char **a) { return ok(!kill(atoi(a[0]), 0)); }
static int trace_process(char **a)
{
	if (ptrace(PTRACE_SEIZE, atoi(a[0]), 0, 0))
		return ok(0);
	return 0; /* let go of at exit */
}
static int read_memory(char **a)
{
	char path[64], byte;
	unsigned long address;
	snprintf(path, sizeof path, "/proc/%s/maps", a[0]);
	FILE *maps = fopen(path, "r");
	if (!maps || fscanf(maps, "%lx", &address) != 1)
		return 1;
	snprintf(path, sizeof path, "/proc/%s/mem", a[0]);
	return ok(pread(open(path, O_RDONLY), &byte, 1, address) == 1);
}
static int abstract_socket(char **a)
{
	struct sockaddr_un address = { AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(address.sun_path + 1, a[0]);
	return ok(!connect(fd, (void *)&address,
			   offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a[0])));
}

/* A datagram with another's address on it: source, destination, port. */
static int forge_address(char **a)
{
	struct { struct iphdr ip; struct udphdr udp; } packet = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			.saddr = inet_addr(a[0]), .daddr = inet_addr(a[1]) },
		.udp = { .source = htons(9), .dest = htons(atoi(a[2])), .len = htons(sizeof packet.udp) },
	};
	struct sockaddr_in to = { AF_INET, 0, { packet.ip.daddr } };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	return ok(sendto(fd, &packet, sizeof packet, 0, (void *)&to, sizeof to) > 0);
}

/* A frame, given in hexadecimal digits, as it stands: whoever's name is on it. */
static int send_frame(char **a)
{
	unsigned char frame[256];
	size_t size = strlen(a[0]) / 2;
	for (size_t i = 0; i < size && i < sizeof frame; i++)
		sscanf(a[0] + 2 * i, "%2hhx", &frame[i]);
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex("eth0") };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	return ok(sendto(fd, frame, size, 0, (void *)&to, sizeof to) == size);
}

/* -- descriptors: everything open but the standard ones -- */

static int leaked_descriptor(char **a)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 0;
	return 1;
}

/* -- terminal -- */

static int type_into_terminal(char **a) { return ok(!ioctl(0, TIOCSTI, "#")); }
static int open_terminal(char **a) { return ok(open("/dev/tty", O_RDWR) >= 0); }

/* -- keys -- */

static int32_t find_key(void) { return syscall(SYS_keyctl, 10 /* SEARCH */, -3, "user", "kontener-attack", 0); }
static int read_key(char **a)
{
	char value[16];
	return ok(syscall(SYS_keyctl, 11 /* READ */, find_key(), value, sizeof value) > 0);
}
/* On the host: a session with a secret in its keyring, and the rest of the words as a command in it. */
static int with_key(char **a)
{
	if (syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, 0) < 0 ||
	    syscall(SYS_add_key, "user", "kontener-attack", "secret", 6L, -3L) < 0)
		return ok(0);
	execvp(a[0], a);
	return 2;
}
static int list_keys(char **a)
{
	FILE *keys = fopen("/proc/keys", "r");
	char line[256];
	return keys && fgets(line, sizeof line, keys) ? 0 : 1;
}

/* -- resources -- */

/* As many children as were asked for, at once. */
static int fork_many(char **a)
{
	int wanted = atoi(a[0]), forked = 0;
	setpgid(0, 0); /* so that they can be ended together */
	for (int i = 0; i < wanted; i++) {
		int pid = fork();
		if (pid == 0)
			_exit(pause());
		if (pid < 0)
			break;
		forked++;
	}
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return forked < wanted;
}
static int use_memory(char **a)
{
	size_t size = (size_t)atoi(a[0]) << 20;
	volatile char *memory = malloc(size);
	int status, pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < size; i += 4096)
			memory[i] = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status != 0;
}

#define ATTACK(name) { #name, name }
static const struct { const char *name; int (*make)(char **arguments); } attacks[] = {
	ATTACK(load_module), ATTACK(set_clock), ATTACK(reboot), ATTACK(stop_accounting),
	ATTACK(raise_priority), ATTACK(swap_off),
#ifdef __x86_64__
	ATTACK(io_ports),
#endif
	ATTACK(open_by_handle), ATTACK(is_root), ATTACK(has_raw_sockets), ATTACK(as_user),
	ATTACK(give_capability), ATTACK(user_namespace), ATTACK(cgroups_by_user_namespace),
	ATTACK(see_process), ATTACK(trace_process), ATTACK(read_memory), ATTACK(abstract_socket), ATTACK(forge_address), ATTACK(send_frame),
	ATTACK(leaked_descriptor), ATTACK(type_into_terminal), ATTACK(open_terminal),
	ATTACK(read_key), ATTACK(with_key), ATTACK(list_keys), ATTACK(fork_many), ATTACK(use_memory),
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof attacks / sizeof *attacks; i++)
		if (!strcmp(attacks[i].name, argv[1]))
			return attacks[i].make(argv + 2);
	fprintf(stderr, "probe: no such attack\n");
	return 2;
}
