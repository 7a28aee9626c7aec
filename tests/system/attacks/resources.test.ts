import { describeAsRoot, missingFile } from "../support.ts";
import { attackedEngine, testAttacks } from "./attack.ts";

/** What one container takes, others lack. */
describeAsRoot("a program in a container", () => {
  const engine = attackedEngine(65);
  /** Its own group of one of v1's controllers, or of v2. */
  const group = "d=/sys/fs/cgroup; [ ! -d $d/memory ] || d=$d/memory; mount -o remount,bind,rw $d";
  testAttacks(engine, () => [
    {
      to: "make control groups of its own",
      script: `${group}; mkdir $d/sub && rmdir $d/sub`,
      off: ["--cap-add", "SYS_ADMIN"],
    },
    {
      to: "raise its own memory limit",
      script: `${group}; for f in memory.memsw memory; do echo -1 > $d/$f.limit_in_bytes; done`,
      off: ["--cap-add", "SYS_ADMIN"],
      lack: missingFile("/sys/fs/cgroup/memory"), // v2 refuses it to whoever is in the group (nsdelegate)
    },
    {
      to: "have more memory than it was given",
      script: "/probe use_memory 150",
      off: ["--memory", "300m"],
      alone: true,
    },
    {
      to: "have more memory by writing it into files in memory",
      script: "dd if=/dev/zero of=/big/file bs=1M count=150",
      with: ["--tmpfs", "/big"],
      off: ["--memory", "300m"],
      alone: true,
    },
    {
      to: "have more processes than it was given",
      script: "/probe fork_many 60",
      on: ["--pids-limit", "30"],
      off: ["--pids-limit", "100"],
      alone: true,
    },
    {
      to: "have more open files than it was given",
      script: "ulimit -n 512",
      on: ["--ulimit", "nofile=128:256"],
      off: ["--ulimit", "nofile=128:1024"],
    },
    {
      to: "fill more than 64 MB of /dev/shm",
      script: "dd if=/dev/zero of=/dev/shm/file bs=1M count=80",
      with: ["--memory", "300m"],
      off: ["--tmpfs", "/dev/shm"],
    },
  ]);
});
