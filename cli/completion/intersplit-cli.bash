# Completion of intersplit-cli for bash; the other shells have the same lists beside it.

_intersplit_cli() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="balance list plan check why history export import settle --help --version"
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
        return
    fi
    case $prev in
    --store)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --color)
        mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur")
        return
        ;;
    --key | --key-password-file)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --mode)
        mapfile -t COMPREPLY < <(compgen -W "minimal pairwise via=" -- "$cur")
        return
        ;;
    --format)
        words="text json csv splitwise ledger hledger beancount"
        [ "${COMP_WORDS[1]}" != import ] ||
            words="splitwise splitwise-json spliit spliit-json ihatemoney cospend"
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
        return
        ;;
    --what)
        mapfile -t COMPREPLY < <(compgen -W "settlements balances expenses" -- "$cur")
        return
        ;;
    --room) return ;;
    esac
    case ${COMP_WORDS[1]} in
    export) words="--store --room --json --format --what --help" ;;
    import) words="--store --room --format --write --key --key-password-file --json --color --help" ;;
    list) words="--store --room --json --color --all --help" ;;
    settle) words="--json --jsonl --color --help" ;;
    plan | why) words="--store --room --json --mode --color --help" ;;
    balance | check | history) words="--store --room --json --color --help" ;;
    *) words="" ;;
    esac
    case $cur in
    -*) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur" && compgen -f -- "$cur") ;;
    esac
}

complete -o filenames -F _intersplit_cli intersplit-cli
