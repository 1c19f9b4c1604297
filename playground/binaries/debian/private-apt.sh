# Sourced by the scripts beside it: apt with a state of its own. Mirror, keys and proxy are this machine's; its package lists,
# its packages and its sources stay as they are, and nobody needs to be root.

# private_apt DIR SUITE TYPES: makes DIR/apt.conf, which knows SUITE of this machine's Debian mirror. TYPES: deb, deb-src, or both.
private_apt() {
  local dir=$1 suite=$2 types=$3
  mkdir -p "$dir"/{lists/partial,cache/archives/partial,parts,empty,debs}
  : >"$dir/status"
  debian_source "$suite" "$types" >"$dir/parts/debian.sources"
  cat >"$dir/apt.conf" <<C
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::sourcelist "$dir/empty/none";
Dir::Etc::sourceparts "$dir/parts";
Dir::Etc::preferences "$dir/empty/none";
Dir::Etc::preferencesparts "$dir/empty";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
APT::Sandbox::User "$(id -un)";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::Retries "3";
C
}

# debian_source SUITE TYPES: one stanza for SUITE, made of the machine's own source for its release, or exit 1.
debian_source() {
  local codename stanza
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  stanza=$(machine_stanzas | awk -v codename="$codename" '
    BEGIN { RS = ""; split(codename " stable oldstable testing unstable sid", names, " "); for (i in names) known[names[i]] = 1 }
    /(^|\n)Enabled:[ \t]*no/ || /(^|\n)URIs:[ \t]*cdrom:/ { next }
    /(^|\n)Types:[^\n]*deb([ \t]|\n|$)/ && match($0, /(^|\n)Suites:[^\n]*/) {
      n = split(substr($0, RSTART, RLENGTH), words, /[ \t\n]+/)
      for (i = 1; i <= n; i++) if (words[i] in known) { print; exit }
    }')
  if [ -z "$stanza" ]; then
    echo "no source of Debian ${codename:-(unknown release)} in /etc/apt/sources.list or /etc/apt/sources.list.d" >&2
    return 1
  fi
  # Everything else (URIs, Signed-By, even a key within) stays as it is.
  printf '%s\n' "$stanza" | awk -v suite="$1" -v types="$2" '
    /^[^ \t]/ { drop = 0 }
    /^Types:/ { print "Types: " types; next }
    /^Suites:/ { print "Suites: " suite; drop = 1; next }
    /^Components:/ { print "Components: main"; drop = 1; next }
    drop && /^[ \t]/ { next }
    { print }'
  grep -q '^Signed-By:' <<<"$stanza" || [ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
    echo 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg'
}

# The machine's sources as deb822 stanzas, without comments; lines of the one-line form become stanzas.
machine_stanzas() {
  local file root=${APT_SOURCES_ROOT:-/etc/apt}
  for file in "$root"/sources.list.d/*.sources; do
    [ -e "$file" ] || continue
    sed '/^#/d' "$file"
    echo
  done
  for file in "$root"/sources.list "$root"/sources.list.d/*.list; do
    [ -e "$file" ] || continue
    awk '
      $1 != "deb" || /cdrom:/ { next }
      {
        sub(/[ \t]*#.*/, ""); options = ""
        if (match($0, /\[[^]]*\]/)) { options = substr($0, RSTART + 1, RLENGTH - 2); $0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH) }
        printf "Types: deb\nURIs: %s\nSuites: %s\nComponents:", $2, $3
        for (i = 4; i <= NF; i++) printf " %s", $i
        printf "\n"
        n = split(options, pairs, /[ \t]+/)
        for (i = 1; i <= n; i++) {
          if (pairs[i] ~ /^signed-by=/) print "Signed-By: " substr(pairs[i], 11)
          if (pairs[i] ~ /^trusted=/) print "Trusted: " substr(pairs[i], 9)
          if (pairs[i] ~ /^check-valid-until=/) print "Check-Valid-Until: " substr(pairs[i], 19)
        }
        print ""
      }' "$file"
  done
}

# apt_update DIR
apt_update() { APT_CONFIG=$1/apt.conf apt-get -q update; }

# apt_unpack DIR ROOT PACKAGE…: downloads and unpacks packages; nothing is installed, no script of theirs is run.
apt_unpack() {
  local dir=$1 root=$2 deb
  shift 2
  rm -rf "$dir/debs"
  mkdir -p "$dir/debs" "$root"
  (cd "$dir/debs" && APT_CONFIG=$dir/apt.conf apt-get -q download "$@")
  for deb in "$dir"/debs/*.deb; do dpkg -x "$deb" "$root"; done
}
