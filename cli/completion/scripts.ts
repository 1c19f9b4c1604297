/** The hidden command that finds what may follow; its answer is that of Cobra's command of this name, which kubectl reads, too. */
export const COMPLETE = '__complete';

/** The shells that there are scripts for; `kubectl` is the program by which kubectl completes its plugin. */
export const SHELLS = ['bash', 'zsh', 'fish', 'kubectl'] as const;
export type Shell = (typeof SHELLS)[number];

// What they have in common: the words up to the cursor go to `__complete`; each line of its answer is a candidate, a tab, and what is said
// of it; the last line is a colon and a number: with 4, no files are offered instead.

const BASH = `# werfbundle completion for bash. Load it: source <(werfbundle completion bash)
__werfbundle_complete() {
  local IFS=$'\\n' word current line directive words=()
  # Bash takes words apart at = and :, which names have.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ \${#words[@]} -gt 0 && ( $word == [=:]* || \${words[-1]} == *[=:] ) ]]; then words[-1]+=$word; else words+=("$word"); fi
  done
  current="\${words[-1]}"
  COMPREPLY=()
  while read -r line; do
    if [[ $line == :* ]]; then directive="\${line#:}"; continue; fi
    line="\${line%%$'\\t'*}"
    if [[ $line == "$current"* ]]; then COMPREPLY+=("$line"); fi
  done < <(werfbundle ${COMPLETE} "\${words[@]}" 2>/dev/null)
  # What stands before the last = or : is on the line already.
  if [[ $current == *[=:]* ]]; then
    local before="\${current%"\${current##*[=:]}"}"
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
  if [[ \${#COMPREPLY[@]} -eq 0 && $directive == 0 ]]; then compopt -o default; fi
}
complete -F __werfbundle_complete werfbundle
`;

const ZSH = `#compdef werfbundle
# werfbundle completion for zsh. Load it: source <(werfbundle completion zsh), or as a file _werfbundle in a folder of $fpath
_werfbundle() {
  local line directive
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :* ]]; then directive="\${line#:}"; continue; fi
    # A colon ends a candidate's name, and what is said of it follows.
    local name="\${line%%$'\\t'*}" said=""
    [[ $line == *$'\\t'* ]] && said="\${line#*$'\\t'}"
    name="\${name//:/\\\\:}"
    candidates+=("\${name}\${said:+:$said}")
  done < <(werfbundle ${COMPLETE} "\${(@)\${(@Q)words[2,CURRENT]}#[\\"\\']}" 2>/dev/null)
  if (( \${#candidates} )); then
    _describe 'werfbundle' candidates
  elif [[ $directive == 0 ]]; then
    compset -P '--*='
    _files
  fi
}
if [ "$funcstack[1]" = "_werfbundle" ]; then _werfbundle "$@"; else compdef _werfbundle werfbundle; fi
`;

const FISH = `# werfbundle completion for fish. Load it: werfbundle completion fish | source
function __werfbundle_complete
    # The word that is being typed may have a quote that is still open.
    set -l current (string replace -r -- '^["\\']' '' (commandline -ct))
    set -l words (commandline -opc) "$current"
    set -l answer (werfbundle ${COMPLETE} $words[2..-1] 2>/dev/null)
    test (count $answer) -gt 0; or return
    if test (count $answer) -eq 1 -a "$answer[-1]" = ':0'
        set -l option (string match -r -- '^--[^=]+=' "$current")
        __fish_complete_path (string replace -r -- '^--[^=]+=' '' "$current") | string replace -r -- '^' "$option"
        return
    end
    printf '%s\\n' $answer[1..-2]
end
complete -c werfbundle -f -a '(__werfbundle_complete)'
`;

const KUBECTL = `#!/bin/sh
# Completes kubectl werfbundle. Put it on the PATH as an executable file named kubectl_complete-werfbundle
exec kubectl-werfbundle ${COMPLETE} "$@"
`;

/** What each shell loads. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH, kubectl: KUBECTL };
