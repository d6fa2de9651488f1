/** What the page knows, in one place: room.js changes it, cards watch it. */

import { fill, soft } from './dom.js'

/** Of one room. */
export const NOTHING = {
  joined: false,
  subscribed: false,
  entries: [], /* in list order, oldest first */
  count: null, /* of all: older ones may be on their way */
  summary: null,
  recurring: [], /* also what was stopped */
  settings: null,
  search: null, /* for a plan: { request, steps, budget, payments?, lowerBound? } */
  peers: null, /* { peers, same, fp }: others, how many have this ledger */
}

export let state = {
  ...NOTHING,
  link: { name: 'closed' },
  wasReady: false,
  peer: null, /* the peer's hello: { key, address, entryChannel } */
  words: [], /* that lines begin with */
  channel: '',
  plan: 'minimal', /* or pairwise: what the settlements of the summary are */
  me: '',
  feed: [], /* oldest first, bounded */
}

const watchers = []
let queued = false

/** Watchers run once, after the current turn. */
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
export const currencies = () => [state.summary, ...(state.summary.currencies ?? [])]

export const transfers = () => currencies().flatMap((unit) => unit.settlements.map((payment) => ({ ...payment, unit })))

export const members = () => (state.summary?.balances ?? []).map((row) => row.member)

/** Those who share what nobody else is named for. */
export const active = () => (state.summary?.members ?? []).filter((row) => row.active).map((row) => row.name)

export const keyOf = (name) => state.summary.members.find((row) => row.name === name)?.key

export function show (node, keys, render) {
  watch(['summary', ...keys], (now) => fill(node, now.summary ? render(now) : soft('Reading the ledger…')))
}
