/** A row per member: a bar for the eye, the word and the number for everybody. */

import { el, soft, ui } from './dom.js'
import { currencies, show } from './store.js'
import { name, signed } from './text.js'

show(ui.balances, ['me'], ({ summary, me }) =>
  summary.balances.length === 0 ? soft('Everybody starts at 0.00.') : currencies().map((unit) => table(unit, me)))

function table (unit, me) {
  const { balances, currency } = unit
  const most = Math.max(...balances.map((row) => Math.abs(row.cents)))
  const sum = balances.reduce((total, row) => total + row.cents, 0)
  const head = ['Member', 'Bar', 'Balance'].map((text) => el('th', { scope: 'col' }, text))
  return el(
    'table.balances',
    el('caption.hidden', `Balances ${currency}, positive is owed to the member`),
    el('thead.hidden', el('tr', head)),
    el('tbody', balances.map((row) => member(row, most, row.member === me, unit))),
    el('tfoot', el('tr', el('th', { scope: 'row' }, 'Sum'), el('td'), el('td.amount', signed(sum, unit)))),
  )
}

function member ({ member, cents }, most, isMe, unit) {
  const [look, word] = cents > 0 ? ['plus', 'gets back'] : cents < 0 ? ['minus', 'owes'] : ['even', 'settled']
  return el(
    `tr.${look}`,
    el('th', { scope: 'row' }, name(member), isMe && [' ', el('span.tag', 'you')]),
    el('td', bar(cents, most)),
    el('td.amount', el('span.word', word), ' ', el('b', signed(cents, unit))),
  )
}

/** Grows left or right from the zero line; the longest bar fills its half. */
function bar (cents, most) {
  const node = el('span.fill')
  node.style.width = `${most && (Math.abs(cents) / most) * 50}%`
  return el('span.track', { 'aria-hidden': 'true' }, node)
}
