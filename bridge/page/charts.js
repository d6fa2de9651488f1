/** What was spent, by member, month and category: no payments, nothing void. */

import { el, fill, soft, ui } from './dom.js'
import { state, watch } from './store.js'
import { dayOf, money, spends } from './text.js'

const MOST_ROWS = 24
const openTables = new Set()
const card = ui.charts.closest('details')
const way = ({ type }) => (type === 'refund' ? -1 : 1)

card.addEventListener('toggle', draw)
watch(['entries', 'summary'], draw)

function draw () {
  if (card.open) fill(ui.charts, render(state))
}

function render ({ entries, summary }) {
  const spent = entries.filter(spends)
  const by = (label) => sums(spent, (entry) => [[label(entry), way(entry) * entry.amountCents]]).sort()
  const show = (title, heads, rows) => chart(title, heads, rows.slice(-MOST_ROWS), summary)
  if (spent.length === 0) return soft('Nothing spent yet.')
  return [
    show('Member', ['paid', 'share'], sums(spent, paidAndShared)),
    show('Month', ['spent'], by((entry) => dayOf(entry).slice(0, 7) || 'no date')),
    show('Category', ['spent'], by(({ category }) => category || 'none')),
  ]
}

/** Rows of [label, sum, sum...]; `parts` says what an entry adds to which. */
function sums (entries, parts) {
  const rows = new Map()
  for (const [label, ...values] of entries.flatMap(parts)) {
    const row = rows.get(label) ?? rows.set(label, [label, ...values.map(() => 0)]).get(label)
    values.forEach((value, i) => (row[i + 1] += value))
  }
  return [...rows.values()]
}

function paidAndShared (entry) {
  return [
    ...entry.paid.map(({ member, cents }) => [member, way(entry) * cents, 0]),
    ...entry.shares.map(({ member, cents }) => [member, 0, way(entry) * cents]),
  ]
}

function chart (title, heads, rows, unit) {
  const most = Math.max(1, ...rows.flatMap(([, ...values]) => values.map(Math.abs)))
  const word = (cents, i) => el('span', el('span.soft', heads[i]), ` ${money(cents, unit)} `)
  const toggle = ({ target }) => openTables[target.open ? 'add' : 'delete'](title)
  return el(
    'section',
    el('h3', title),
    el('ul.bars', rows.map(([label, ...values]) => el('li', el('bdi', label), bars(values, most), el('span.figure', values.map(word))))),
    el('details', { toggle, ...(openTables.has(title) && { open: '' }) }, el('summary.soft', `${title}: table`), table(title, heads, rows, unit)),
  )
}

function table (title, heads, rows, unit) {
  return el(
    'table',
    el('thead', el('tr', [title, ...heads].map((text, i) => el(`th${i ? '.amount' : ''}`, { scope: 'col' }, text)))),
    el('tbody', rows.map(([label, ...values]) => el('tr', el('th', { scope: 'row' }, label), values.map((cents) => el('td.amount', money(cents, unit)))))),
  )
}

function bars (values, most) {
  const rect = (cents, i) => el(`rect.bar-${i}`, { y: i * 7, width: (Math.abs(cents) / most) * 100, height: 6 })
  return el('svg', { 'aria-hidden': true, viewBox: `0 0 100 ${values.length * 7}`, preserveAspectRatio: 'none' }, values.map(rect))
}
