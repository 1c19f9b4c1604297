# Sourced by the scripts beside it: steps that are timed, logged, done once and resumed, under one lock.
# Given by the environment: WERFBUNDLE_CACHE (where finished programs go). Sets: cache, build, logs.

cache=${WERFBUNDLE_CACHE:?the folder for the finished programs}
build=$cache/build
logs=$cache/logs
mkdir -p "$build" "$logs"

# Everything in the cache is made under this lock; the kernel lets go of it when the last process of the owner ends.
exclusively() {
  exec 9>>"$cache/lock"
  if ! flock --nonblock 9; then
    echo "waiting for another run (pid $(cat "$cache/lock.owner" 2>/dev/null || echo unknown)) that fills $cache"
    flock 9
  fi
  echo "$$" >"$cache/lock.owner"
}

# step NAME WHAT COMMAND…: once. A step that is done has a mark in the build folder; one that was cut off starts again.
step() {
  local name=$1 what=$2 log=$logs/$1.log started=$SECONDS
  shift 2
  [ -e "$build/$name.done" ] && return 0
  echo "$what …"
  # In a subshell with -e of its own: called in a condition, -e would be off inside.
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  local code=$?
  set -e
  if [ "$code" -ne 0 ]; then
    echo "failed: $what (exit code $code). The end of $log:"
    tail -n 15 "$log"
    echo "Once the cause is mended, run the same again: it goes on with this step."
    exit 1
  fi
  : >"$build/$name.done"
  echo "$what: done in $((SECONDS - started)) s"
}

# finish FILE NAME: a finished program takes its place at once, never half-written.
finish() {
  chmod 755 "$1"
  mv "$1" "$cache/$2"
}
