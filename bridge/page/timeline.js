/** What was added, newest first, by day. */

import { byId, el, fill, reading } from './dom.js'
import { equalShare, formatMinor } from './money.js'
import { clock, name, names, prose, shortKey } from './text.js'

const PAGE = 30
let limit = PAGE

export function mountTimeline ({ store }) {
  const draw = (state) => {
    byId('clear').hidden = state.entries.length === 0
    fill(byId('timeline'), render(state, () => more(store, draw)))
  }
  store.watch(['channel'], () => {
    limit = PAGE
  })
  store.watch(['entries', 'loaded', 'peer'], draw)
}

function more (store, draw) {
  limit += PAGE
  draw(store.state)
  byId('timeline').querySelector('.older')?.focus()
}

function render ({ entries, loaded, peer }, onMore) {
  if (!loaded) return reading()
  if (entries.length === 0) return [el('p', { class: 'soft' }, 'No entries yet.')]
  const newest = entries.slice(-limit).reverse()
  const days = []
  for (const entry of newest) {
    const title = dayOf(entry.ts)
    if (days.at(-1)?.title !== title) days.push({ title, entries: [] })
    days.at(-1).entries.push(entry)
  }
  const hidden = entries.length - newest.length
  return [
    ...days.flatMap((day) => [
      el('h3', {}, day.title),
      el('ul', {}, ...day.entries.map((entry) => item(entry, peer))),
    ]),
    hidden > 0 && el('button', { type: 'button', class: 'older', on: { click: onMore } }, `Show older (${hidden})`),
  ]
}

function item (entry, peer) {
  const { payer, amountCents, split, note } = entry
  return el(
    'li',
    { class: 'entry' },
    el('p', { class: 'what' }, note ? prose(note) : el('span', { class: 'soft' }, 'no note')),
    el('p', { class: 'figure' }, formatMinor(amountCents)),
    el('p', { class: 'soft' }, name(payer), ' paid for ', ...names(split), split.length > 1 && ` · ${equalShare(amountCents, split.length)}`),
    el('p', { class: 'soft' }, clock(entry.ts), ' ', author(entry, peer)),
  )
}

function author ({ by, author: key, signed }, peer) {
  if (!signed) return el('span', { class: 'tag warn' }, 'unsigned')
  const who = key === peer?.key ? 'this peer' : shortKey(by ?? key ?? 'unknown')
  return el('span', { class: 'tag', title: by }, `signed by ${who}`)
}

function dayOf (ts) {
  const at = new Date(ts)
  if (Number.isNaN(at.getTime())) return 'No date'
  if (at.toDateString() === new Date().toDateString()) return 'Today'
  return at.toLocaleDateString([], { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })
}
