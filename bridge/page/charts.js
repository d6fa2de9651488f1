/** What was spent, by member, month and category. Payments and what doesn't count stay out. */

import { button, el, fill, soft, ui } from './dom.js'
import { dayOf, spends } from './entry.js'
import { state, watch } from './store.js'
import { money } from './text.js'

const SVG = 'http://www.w3.org/2000/svg'
const MOST_ROWS = 24
const asTable = new Set() /* titles of the charts that show their table */

const card = ui.charts.closest('details')

card.addEventListener('toggle', draw)
watch(['entries', 'summary'], draw)

function draw () {
  if (card.open) fill(ui.charts, render(state))
}

function render ({ entries, summary }) {
  const spent = entries.filter(spends)
  const total = ({ type, amountCents }) => (type === 'refund' ? -amountCents : amountCents)
  const by = (label) => sums(spent, (entry) => [[label(entry), total(entry)]]).sort()
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
  const way = entry.type === 'refund' ? -1 : 1
  return [
    ...entry.paid.map(({ member, cents }) => [member, way * cents, 0]),
    ...entry.shares.map(({ member, cents }) => [member, 0, way * cents]),
  ]
}

function chart (title, heads, rows, unit) {
  const id = `chart-${title.toLowerCase()}`
  const table = asTable.has(title)
  const toggle = () => {
    if (!asTable.delete(title)) asTable.add(title)
    draw()
    ui[id].focus()
  }
  return el(
    'section',
    el('div.head', el('h3', title), button('.quiet', 'Table', toggle, { id, 'aria-pressed': String(table), 'aria-label': `${title}: table` })),
    (table ? asRows : asBars)(title, heads, rows, unit),
  )
}

function asRows (title, heads, rows, unit) {
  return el(
    'table',
    el('thead', el('tr', [title, ...heads].map((text, i) => el(`th${i ? '.amount' : ''}`, { scope: 'col' }, text)))),
    el('tbody', rows.map(([label, ...values]) => el('tr', el('th', { scope: 'row' }, label), values.map((cents) => el('td.amount', money(cents, unit)))))),
  )
}

/** A bar for each sum; the word and the number beside them carry the meaning. */
function asBars (title, heads, rows, unit) {
  const most = Math.max(1, ...rows.flatMap(([, ...values]) => values.map(Math.abs)))
  const word = (cents, i) => el('span', el('span.soft', heads[i]), ` ${money(cents, unit)} `)
  return el('ul.bars', rows.map(([label, ...values]) => el('li', el('bdi', label), bars(values, most), el('span.figure', values.map(word)))))
}

function bars (values, most) {
  const svg = shape('svg', { 'aria-hidden': true, viewBox: `0 0 100 ${values.length * 7}`, preserveAspectRatio: 'none' })
  svg.append(...values.map((cents, i) => shape('rect', { y: i * 7, width: (Math.abs(cents) / most) * 100, height: 6, class: `bar-${i}` })))
  return svg
}

function shape (kind, attributes) {
  const node = document.createElementNS(SVG, kind)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  return node
}
