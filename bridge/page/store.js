/** What the page knows, in one place: room.js changes it, cards watch it. */

import { fill, soft } from './dom.js'

export let state = {
  link: { name: 'closed' }, /* closed, connecting, ready, waiting to dial again */
  wasReady: false, /* the room stays in view while we reconnect */
  peer: null, /* the peer's hello: { key, address, entryChannel } */
  words: [], /* first ones of the lines that the peer understands */
  channel: '',
  joined: false,
  subscribed: false,
  entries: [], /* in list order, oldest first */
  count: null, /* of the room; while fewer are here, older ones are on their way */
  plan: 'minimal', /* or pairwise: what the settlements of the summary are */
  summary: null,
  recurring: [], /* what comes again, also when it was stopped */
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

export function transfers () {
  return currencies().flatMap((unit) => unit.settlements.map((payment) => ({ ...payment, unit })))
}

export function members () {
  return (state.summary?.balances ?? []).map((row) => row.member)
}

/** Those who share what nobody else is named for. */
export function active () {
  return (state.summary?.members ?? []).filter((row) => row.active).map((row) => row.name)
}

/** The key that `name` signs with, when somebody has claimed it. */
export function keyOf (name) {
  return state.summary.members.find((row) => row.name === name)?.key
}

export function show (node, keys, render) {
  watch(['summary', ...keys], (now) => fill(node, now.summary ? render(now) : soft('Reading the ledger…')))
}
