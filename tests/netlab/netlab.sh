#!/usr/bin/env bash
# netlab.sh - a throw-away NAT laboratory made of Linux network namespaces.
#
#   netlab.sh up [TYPE_A] [TYPE_B]   build the lab (defaults: consistent consistent)
#   netlab.sh down                   remove every namespace this script made
#   netlab.sh exec NS CMD [ARGS...]  run CMD inside namespace NS
#   netlab.sh nat A|B TYPE           change the NAT type of one side, live
#   netlab.sh status                 list namespaces, addresses, NAT types
#   netlab.sh addr NS                print the (first) IPv4 address of NS
#
# NAT types
#   consistent  source port kept for every destination (endpoint independent
#               mapping), inbound only from endpoints already sent to
#   random      fresh random source port per destination (symmetric NAT)
#   open        1:1 forwarding: every inbound UDP packet is handed to peer 2 of
#               that side's LAN (a full cone / port-forwarded host)
#   moved       consistent, with other ports than before: a NAT that has restarted
#   block       outbound UDP towards the public side is dropped
#
# Topology (nothing here touches the host's own interfaces or routes):
#
#   pub   bridge, PUB.1 .. PUB.12      the "internet": bootstrap / DHT nodes
#   open  PUB.201                      a host with a public address, no NAT
#   nata  PUB.101 <-> A.1              NAT box A
#   peera A.2, peera2 A.3              two hosts behind NAT A (same LAN)
#   natb  PUB.102 <-> B.1              NAT box B
#   peerb B.2                          host behind NAT B
#
# Environment
#   NETLAB_PREFIX   namespace name prefix           (default: nl-)
#   NETLAB_PUB      first three octets of public    (default: 10.77.0)
#   NETLAB_LAN_A    first three octets of LAN A     (default: 10.81.1)
#   NETLAB_LAN_B    first three octets of LAN B     (default: 10.82.1)
#
# Needs root (or CAP_NET_ADMIN + CAP_SYS_ADMIN), iproute2 and nftables.
#
# tests/netlab/README.md says what it proves.
set -eu

P=${NETLAB_PREFIX:-nl-}
PUB=${NETLAB_PUB:-10.77.0}
LA=${NETLAB_LAN_A:-10.81.1}
LB=${NETLAB_LAN_B:-10.82.1}
ALL="pub open nata peera peera2 natb peerb"

die() { echo "netlab: $*" >&2; exit 1; }
in_ns() { local n=$1; shift; ip netns exec "$P$n" "$@"; }

need() {
  command -v ip >/dev/null || die "iproute2 is missing"
  command -v nft >/dev/null || die "nftables is missing"
}

# link_to_bridge NS BRIDGE_NS BRIDGE IFNAME : veth pair, far end on a bridge
link_to_bridge() {
  local ns=$1 brns=$2 br=$3 ifn=$4
  ip -n "$P$ns" link add "$ifn" type veth peer name "v-$ns" netns "$P$brns"
  ip -n "$P$brns" link set "v-$ns" master "$br" up
  ip -n "$P$ns" link set "$ifn" up
}

# A masquerading link that goes down takes its mappings with it.
forget() {
  ip -n "$P$1" link set wan down
  ip -n "$P$1" link set wan up
}

nat_rules() { # side(a|b) type
  local side=$1 type=$2 lan masq dnat="" fwdpol fwdextra=""
  case $side in a) lan=$LA ;; b) lan=$LB ;; *) die "side must be A or B" ;; esac
  case $type in
    consistent) masq="masquerade" ;;
    random)     masq="masquerade fully-random" ;;
    open)       masq="masquerade"; dnat="iifname wan udp dport 1-65535 dnat to $lan.2" ;;
    moved)      masq="masquerade to :20000-59999" ;;
    block)      masq="masquerade"; fwdextra="oifname wan meta l4proto udp drop" ;;
    *) die "unknown NAT type $type" ;;
  esac
  [ "$type" = open ] && fwdpol="iifname wan accept" || fwdpol="iifname wan ct state established,related accept"
  # Unsolicited inbound packets must be dropped before conntrack confirms them,
  # otherwise they would occupy the tuple and change the port mapping of the
  # matching outbound flow: hence the drop policy on the input hook.
  in_ns "nat$side" nft -f - <<NFT
flush ruleset
table ip lab {
  chain dnatting {
    type nat hook prerouting priority -100; policy accept;
    $dnat
  }
  chain snatting {
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" meta l4proto { udp, tcp } $masq
    oifname "wan" masquerade
  }
  chain forwarded {
    type filter hook forward priority 0; policy drop;
    $fwdextra
    iifname "lan" accept
    $fwdpol
  }
  chain incoming {
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    iifname "lan" accept
    ct state established,related accept
    icmp type echo-request accept
  }
}
NFT
  forget "nat$side"
  in_ns "nat$side" ip link set dev wan alias "$type"
}

up() {
  local ta=${1:-consistent} tb=${2:-consistent} n i
  need
  ip netns list | grep -q "^${P}pub\b" && die "already up (run: netlab.sh down)"
  trap 'down' ERR
  for n in $ALL; do
    ip netns add "$P$n"
    ip -n "$P$n" link set lo up
    in_ns "$n" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2>/dev/null || true
  done

  ip -n "${P}pub" link add br0 type bridge
  for i in $(seq 1 12); do ip -n "${P}pub" addr add "$PUB.$i/24" dev br0; done
  ip -n "${P}pub" link set br0 up

  link_to_bridge open pub br0 wan
  ip -n "${P}open" addr add "$PUB.201/24" dev wan

  setup_side a "$LA" "$PUB.101" "peera 2" "peera2 3"
  setup_side b "$LB" "$PUB.102" "peerb 2"

  nat_rules a "$ta"
  nat_rules b "$tb"

  trap - ERR
}

setup_side() { # side lan3 wanip "peer host"...
  local side=$1 lan=$2 wan=$3 nat="nat$1" pn ph; shift 3
  link_to_bridge "$nat" pub br0 wan
  ip -n "$P$nat" addr add "$wan/24" dev wan
  ip -n "$P$nat" link add lan type bridge
  ip -n "$P$nat" addr add "$lan.1/24" dev lan
  ip -n "$P$nat" link set lan up
  in_ns "$nat" sysctl -qw net.ipv4.ip_forward=1
  for p in "$@"; do
    read -r pn ph <<<"$p"
    link_to_bridge "$pn" "$nat" lan eth0
    ip -n "$P$pn" addr add "$lan.$ph/24" dev eth0
    ip -n "$P$pn" route add default via "$lan.1"
  done
}

down() {
  local n
  for n in $ALL; do
    if ip netns list 2>/dev/null | grep -q "^$P$n\b"; then
      # only processes living in the namespaces made here are signalled
      for pid in $(ip netns pids "$P$n" 2>/dev/null); do kill -9 "$pid" 2>/dev/null || true; done
      ip netns del "$P$n" || true
    fi
  done
}

status() {
  local n
  for n in $ALL; do
    ip netns list | grep -q "^$P$n\b" || continue
    printf '%-8s %s' "$n" "$(ip -n "$P$n" -4 -o addr show | awk '$2!="lo"{printf "%s=%s ", $2, $4}')"
    case $n in nat*) printf ' type=%s' "$(in_ns "$n" cat /sys/class/net/wan/ifalias 2>/dev/null)" ;; esac
    printf '\n'
  done
}

cmd=${1:-}; [ $# -gt 0 ] && shift
case $cmd in
  up) up "$@" ;;
  down) down ;;
  exec) [ $# -ge 2 ] || die "exec NS CMD..."; n=$1; shift; exec ip netns exec "$P$n" "$@" ;;
  nat) [ $# -eq 2 ] || die "nat A|B TYPE"; need; nat_rules "$(echo "$1" | tr AB ab)" "$2" ;;
  status) status ;;
  addr) ip -n "$P$1" -4 -o addr show | awk '$2!="lo"{split($4,a,"/"); print a[1]; exit}' ;;
  *) sed -n '2,34p' "$0"; exit 2 ;;
esac
