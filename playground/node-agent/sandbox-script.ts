/**
 * Run by /bin/sh in namespaces of its own (mount, process, IPC; user, too, where the agent is not root): makes a root of
 * read-only views of the machine's system folders, goes into it, mounts the volumes and becomes the command.
 *
 * Arguments: ROOT (an empty folder), ro|rw (the root), WORKDIR, the number of mounts, then for each of them
 * `dir|file SOURCE TARGET ro|rw`, then NAME of the command to look for, then the words to execute.
 * File descriptor 3: `started`, or one line that says what failed (and exit code 128, as containerd has it). The command prints
 * both of its streams to 1, so that their lines stay in order: what comes on 2 is the sandbox's.
 *
 * Volumes are mounted after the change of root, so that no symbolic link of a volume leads out of it. /etc is a folder of links:
 * volumes can be mounted below it although the machine's own /etc is read-only.
 */
export const SANDBOX_SCRIPT = `
set -eu
path=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin; umask 022
fail() { echo "$1" >&3; exit 128; }
must() { error=$("$@" 2>&1) || fail "$1: $error"; }
# A mount that came with these flags must keep them in a user namespace.
readonly_mount() {
  for flags in ro ro,nosuid,nodev ro,nosuid,nodev,noexec; do
    error=$(mount -o "remount,bind,$flags" "$1" 2>&1) && return 0
  done
  fail "remount $1 read-only: $error"
}
view() { mkdir -p "$2"; must mount --rbind "$1" "$2"; readonly_mount "$2"; }
links() { into=$1; from=$2; shift 2; for each in "$from"/*; do set -- "$@" "/.machine$each"; done; ln -s "$@" "$into"; }

root=$1 mode=$2 workdir=$3 mounts=$4; shift 4
must mount -t tmpfs -o mode=755 sandbox "$root"
cd "$root"
mkdir -p proc dev/shm dev/pts etc tmp var/log var/lib var/cache var/tmp run root home/werf .machine .old playground/bin
chmod 1777 tmp var/tmp dev/shm; chmod 777 home/werf; ln -s ../run var/run
for each in usr opt; do [ -d "/$each" ] && view "/$each" "$each"; done
for each in bin sbin lib lib32 lib64 libx32 nix; do
  if [ -L "/$each" ]; then ln -s "$(readlink "/$each")" "$each"; elif [ -d "/$each" ]; then view "/$each" "$each"; fi
done
view /etc .machine/etc; links etc /etc
for each in resolv.conf hosts hostname mtab; do rm -f "etc/$each"; done
for each in resolv.conf hosts hostname; do [ ! -r "/etc/$each" ] || cat "/etc/$each" >"etc/$each"; done
ln -s /proc/self/mounts etc/mtab
mount -t proc proc proc 2>/dev/null || must mount --rbind /proc proc
for each in null zero full random urandom tty; do
  [ -e "/dev/$each" ] || continue
  : >"dev/$each"; must mount --bind "/dev/$each" "dev/$each"
done
ln -s /proc/self/fd dev/fd; ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr

must pivot_root . .old
cd /
while [ "$mounts" -gt 0 ]; do
  kind=$1 source=$2 target=$3 access=$4; shift 4; mounts=$((mounts - 1))
  if [ "$kind" = dir ]; then must mkdir -p "$target"
  else must mkdir -p "\${target%/*}/"; [ -e "$target" ] || : >"$target" || fail "create $target"; fi
  must mount --bind "/.old$source" "$target"
  [ "$access" = rw ] || readonly_mount "$target"
done
must umount -l /.old; rmdir /.old
must mkdir -p "$workdir"
cd "$workdir" || fail "chdir to cwd ($workdir)"
[ "$mode" = rw ] || readonly_mount /

name=$1; shift
case $name in
*/*)
  [ -e "$name" ] || fail "exec: \\"$name\\": stat $name: no such file or directory"
  { [ -x "$name" ] && [ ! -d "$name" ]; } || fail "exec: \\"$name\\": permission denied" ;;
*)
  found=; IFS=:; set -f
  for each in $path; do [ -x "$each/$name" ] && [ ! -d "$each/$name" ] && found=1; done
  [ -n "$found" ] || fail "exec: \\"$name\\": executable file not found in \\$PATH" ;;
esac
unset IFS
PATH=$path
echo started >&3
exec 2>&1 3>&-
exec "$@"
`;
