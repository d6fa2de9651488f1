/** What the page knows, in one place: room.js changes it, cards watch it. */

export let state = {
  link: { name: 'closed' }, /* closed, connecting, ready, waiting (until `retryAt`) */
  wasReady: false, /* the room stays in view while we reconnect */
  peer: null, /* the peer's hello: { key, address, entryChannel } */
  can: new Set(), /* first words of the lines that the peer understands */
  channel: '',
  joined: false,
  subscribed: false,
  entries: [], /* in list order, oldest first */
  count: null, /* of the room; while fewer are here, older ones are on their way */
  plan: 'minimal', /* or pairwise: what the settlements of the summary are */
  summary: null,
  peers: null, /* { peers, same, fp }: who else is here, and how many have this very ledger */
  me: '',
  feed: [], /* oldest first, bounded */
}

const watchers = []
let queued = false

/** Change some members. Watchers run once, after the current turn. */
export function change (patch) {
  state = { ...state, ...patch }
  if (queued) return
  queued = true
  queueMicrotask(() => {
    queued = false
    for (const look of watchers) look()
  })
}

/** Call `render` now, and whenever one of the members `keys` is another value. */
export function watch (keys, render) {
  let seen
  const look = () => {
    const now = keys.map((key) => state[key])
    if (seen && now.every((value, i) => value === seen[i])) return
    seen = now
    render(state)
  }
  watchers.push(look)
  look()
}

/** Balances and settlements: in the room's own currency, and in those of other entries. */
export function currencies () {
  return [state.summary, ...(state.summary.currencies ?? [])]
}

/** What is left to pay, each with its unit. */
export function transfers () {
  return currencies().flatMap((unit) => unit.settlements.map((payment) => ({ ...payment, unit })))
}

/** Every name in the room, in the ledger's order. */
export function members () {
  return (state.summary?.balances ?? []).map((row) => row.member)
}
