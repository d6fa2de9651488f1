# Completion of intersplit-cli for fish; the other shells have the same lists beside it.

set -l tables balance list plan check why history
set -l rooms $tables export import
set -l every $rooms settle

complete -c intersplit-cli -f
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -a balance -d 'who is owed and who owes'
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -a list -d 'the entries of a room'
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -a plan -d 'the payments that settle a room'
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -a check -d 'is every event what its author signed?'
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -a why -d 'the entries behind a payment of the plan'
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -a history -d 'what happened to an entry'
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -a export -d 'a room for other programs'
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -a import -d 'entries of other expense trackers'
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -a settle -d 'payments for balances on standard input'
complete -c intersplit-cli -n "not __fish_seen_subcommand_from $every" -l version -d 'the version'
complete -c intersplit-cli -l help -d 'help'

complete -c intersplit-cli -n "__fish_seen_subcommand_from $rooms" -l store -r -F -d 'where the ledger is'
complete -c intersplit-cli -n "__fish_seen_subcommand_from $rooms" -l room -x -d 'the room'
complete -c intersplit-cli -n "__fish_seen_subcommand_from $rooms settle" -l json -d 'JSON, for programs'
complete -c intersplit-cli -n "__fish_seen_subcommand_from $tables import settle" -l color -x -a 'auto always never' -d 'colour'
complete -c intersplit-cli -n "__fish_seen_subcommand_from export" -l format -x -a 'text json csv splitwise ledger hledger beancount' -d 'format'
complete -c intersplit-cli -n "__fish_seen_subcommand_from export" -l what -x -a 'settlements balances expenses' -d 'what to export'
complete -c intersplit-cli -n "__fish_seen_subcommand_from plan why" -l mode -x -a 'minimal pairwise via=' -d 'kind of plan'
complete -c intersplit-cli -n "__fish_seen_subcommand_from list" -l all -d 'also what is void or cleared'
complete -c intersplit-cli -n "__fish_seen_subcommand_from import" -l format -x -a 'splitwise splitwise-json spliit spliit-json ihatemoney cospend' -d 'format'
complete -c intersplit-cli -n "__fish_seen_subcommand_from import" -l write -d 'do it'
complete -c intersplit-cli -n "__fish_seen_subcommand_from import" -l key -r -F -d 'the key that signs'
complete -c intersplit-cli -n "__fish_seen_subcommand_from import" -l key-password-file -r -F -d 'its password'
complete -c intersplit-cli -n "__fish_seen_subcommand_from import" -F
complete -c intersplit-cli -n "__fish_seen_subcommand_from settle" -l jsonl -d 'an instance a line'
complete -c intersplit-cli -n "__fish_seen_subcommand_from settle" -F
