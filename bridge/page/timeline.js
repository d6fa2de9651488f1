/** What was added, newest first, by day: a window that moves. */

import { bill, edit } from './add.js'
import { brief } from './answers.js'
import { button, el, fill, soft, ui } from './dom.js'
import { ask, attempt, run } from './notices.js'
import { say } from './room.js'
import { keyOf, state, watch } from './store.js'
import { amountOf, clock, count, dayOf, has, money, names, shortKey } from './text.js'

const STEP = 50
const MOST = 200
const MARKS = ['void', 'edited', 'confirmed', 'conflict', 'disputed', 'forked', 'ignored', 'ahead']
const FIRST_WORRY = MARKS.indexOf('conflict')

let sorted = [] /* newest first */
let first = 0
let last = STEP
let rows = new Map() /* entry -> its element: what did not change stays */

watch(['entries'], ({ entries }) => {
  sorted = byDay(entries.filter((entry) => !has(entry, 'cleared')))
})
watch(['channel'], () => move(0, STEP))
watch(['recurring'], ({ recurring }) => fill(ui.recurring, recurring.filter(({ stopped }) => !stopped).map(again)))
watch(['entries', 'count', 'peer'], draw)

function move (from, to) {
  first = Math.max(0, from)
  last = to
  draw()
}

function draw () {
  const { entries, count: all } = state
  const none = sorted.length === 0 && entries.length === all
  if (none || all === null) return fill(ui.timeline, soft(none ? 'No entries yet.' : 'Reading the ledger…'))
  const shown = sorted.slice(first, last)
  const left = sorted.length - last
  const focused = document.activeElement
  rows = new Map(shown.map((entry) => [entry, rows.get(entry) ?? item(entry)]))
  fill(
    ui.timeline,
    first > 0 && button('', `Show newer (${first})`, () => move(first - STEP, first - STEP + MOST)),
    days(shown),
    left > 0 && button('', `Show older (${left})`, () => move(Math.max(first, last + STEP - MOST), last + STEP)),
    entries.length < all && soft(`Reading the ledger: ${entries.length} of ${all} entries`),
  )
  focused.focus() /* moved with its entry */
}

function byDay (entries) {
  const days = new Map(entries.map((entry) => [entry, dayOf(entry)]))
  return entries.toReversed().sort((a, b) => (days.get(a) < days.get(b)) - (days.get(a) > days.get(b)))
}

function days (entries) {
  return [...Map.groupBy(entries, dayOf)].map(([day, items]) => [el('h3', title(day)), el('ul', items.map((entry) => rows.get(entry)))])
}

function title (day) {
  if (!day) return 'No date'
  if (day === dayOf({ ts: Date.now() })) return 'Today'
  return el('time', { datetime: day }, new Date(`${day}T12:00`).toLocaleDateString([], { dateStyle: 'medium' }))
}

function item (entry) {
  const note = entry.note || (entry.type === 'payment' ? 'Payment' : 'no note')
  const body = el('div.body')
  const open = ({ target }) => target.open && showDetails(body, entry)
  const marks = MARKS.flatMap((mark, i) => has(entry, mark) && [' ', el(`span.tag${i < FIRST_WORRY ? '' : '.warn'}`, mark)])
  return el('li.entry', el(
    'details',
    { toggle: open },
    el(
      'summary',
      el(has(entry, 'void') ? 's.what' : 'span.what', el('bdi', note)),
      el('span.figure', money(entry.amountCents, entry)),
      el('span.soft', sentence(entry)),
      el('span.soft', clock(entry.ts), ' ', author(entry), marks),
    ),
    body,
  ))
}

function sentence (entry) {
  const amounts = entry.shares.map(({ cents }) => cents)
  const [least, most] = [Math.min(...amounts), Math.max(...amounts)]
  const each = amounts.length > 1 && most - least < 2 && ` · ${least < most ? `${amountOf(least, entry)} or ` : ''}${amountOf(most, entry)} each`
  return [names(entry.paid), { payment: ' paid ', refund: ' got back for ' }[entry.type] ?? ' paid for ', names(entry.shares), each]
}

function author ({ by, author: key, signed }) {
  if (!signed) return el('span.tag.warn', 'unsigned')
  return el('span.tag', { title: by }, `signed by ${key === state.peer?.key ? 'this peer' : shortKey(by ?? key)}`)
}

function showDetails (body, entry) {
  const { original } = entry
  const history = el('div.soft')
  const step = ({ kind, ts, by, why, event }) => el('p', `${new Date(ts).toLocaleString()} ${kind} by ${shortKey(by)}${why && `: ${why}`} ${event ? brief(event) : ''}`)
  const why = el('input')
  const tell = (label, verb) => button('', label, () => run(`${verb} ${entry.txId}${why.value && ` why ${why.value}`}`))
  const mine = [...entry.paid, ...entry.shares].some(({ member }) => keyOf(member) === state.peer?.key)
  fill(
    body,
    entry.type !== 'payment' && [soft('Paid: ', names(entry.paid, entry)), soft('Shares: ', names(entry.shares, entry))],
    entry.items && el('p.soft.hint', bill(entry)),
    original && soft(`${money(original.cents, original)} at ${entry.rate}`),
    entry.category && soft('Category: ', entry.category),
    el('label', 'Reason, if any', why),
    el(
      'div.actions',
      button('', 'Change', () => edit(entry)),
      has(entry, 'void') ? tell('Bring back', 'unvoid') : tell('Void', 'void'),
      mine && !has(entry, 'confirmed') && tell('Confirm', 'confirm'),
      mine && !has(entry, 'disputed') && tell('Dispute', 'dispute'),
    ),
    history,
  )
  ask(history, `history ${entry.txId}`, ({ steps, fork }) => [
    steps.map(step),
    fork && el('details', el('summary', 'Proof of the fork'), el('code', JSON.stringify(fork))),
  ])
}

function again ({ ref, every, step, until, entry }) {
  const what = entry.note || entry.category || 'no note'
  const stop = () => attempt(async () => ({ ...await say(`void ${ref}`), text: 'Stopped.', undo: () => say(`unvoid ${ref}`) }))
  return el(
    'li.soft.head',
    el('span', `Every ${step > 1 ? count(step, every) : every} until ${until}: `, el('b', what), ` ${money(entry.amountCents, entry)} by `, names(entry.paid)),
    button('.quiet', 'Stop', stop, { 'aria-label': `Stop ${what}` }),
  )
}
