import { COMPLETE_VERB } from "./verb.ts";

export type Shell = "bash" | "zsh" | "fish";

/*
 * What the shells load. They ask the program itself, so that what it knows is what they offer. `=` and `:` are cut off
 * where bash sees words that end there (COMP_WORDBREAKS).
 */
const bash = `# bash completion of kontener: source <(kontener completion bash)
_kontener() {
  local line=\${COMP_LINE:0:COMP_POINT} words current word prefix
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=\${words[-1]}
  prefix=\${current%"\${current##*[=:]}"}
  [[ $COMP_WORDBREAKS == *[=:]* ]] || prefix=
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    if [[ $word == :files ]]; then
      compopt -o filenames 2> /dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${current#"$prefix"}")
    else COMPREPLY+=("\${word#"$prefix"}"); fi
  done < <("\${words[0]}" ${COMPLETE_VERB} "\${words[@]:1}" 2> /dev/null)
}
complete -F _kontener kontener
`;

const zsh = `#compdef kontener
# zsh completion of kontener: source <(kontener completion zsh), after compinit; or a file _kontener in $fpath
_kontener() {
  local -a found
  local line files
  for line in "\${(@f)$(_call_program kontener "\${(q)words[1]}" ${COMPLETE_VERB} "\${(@q)words[2,CURRENT]}")}"; do
    if [[ $line == :files ]]; then files=1
    elif [[ -n $line ]]; then
      local word=\${line%%$'\\t'*} help=
      [[ $line == *$'\\t'* ]] && help=\${line#*$'\\t'}
      found+=("\${word//:/\\\\:}\${help:+:$help}")
    fi
  done
  (( $#found )) && _describe kontener found
  [[ -n $files ]] && _files
}
if [[ $funcstack[1] == _kontener ]]; then _kontener "$@"; else compdef _kontener kontener; fi
`;

const fish = `# fish completion of kontener: kontener completion fish | source
function __kontener_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] ${COMPLETE_VERB} $words[2..] "$current" 2> /dev/null)
    if test "$line" = :files
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c kontener -f -a '(__kontener_complete)'
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
