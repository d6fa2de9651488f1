/** Where everybody stands: "I", whom only this browser knows, the balances, who pays whom. */

import { button, el, fill, onPress, setText, soft, ui, visible } from './dom.js'
import { browser } from './memory.js'
import { ask, attempt, copy, run } from './notices.js'
import * as room from './room.js'
import { change, currencies, keyOf, members, show, state, transfers, watch } from './store.js'
import { count, money, name, payment, quote, signed } from './text.js'

ui.me.addEventListener('change', () => {
  browser.set(`me.${state.channel}`, ui.me.value)
  change({ me: ui.me.value })
})
watch(['channel'], ({ channel }) => change({ me: browser.get(`me.${channel}`) }))
show(ui.you, ['me'], ({ summary, me, channel }) => {
  const all = members()
  const known = all.includes(me)
  fill(ui.me, el('option', { value: '' }, 'just looking'), all.map((who) => el('option', { value: who }, who)))
  ui.me.value = known ? me : ''
  ui.meRow.hidden = all.length === 0
  if (summary.eventCount === 0) return emptyRoom(channel)
  const spent = money(summary.totalCents, summary)
  return [
    known ? standing(me) : el('p.headline', el('b.figure', spent), ' spent'),
    soft(`${spent} spent · ${count(summary.eventCount, 'entry', 'entries')} · ${count(all.length, 'person', 'people')}`),
  ]
})
show(ui.balances, ['me'], ({ summary, me }) =>
  summary.balances.length === 0 ? soft('Everybody starts at 0.00.') : currencies().map((unit) => table(unit, me)))
onPress('settle-copy', () => copy(transfers().map((one) => payment(one.unit, one)).join('\n'), 'Settlement copied.'))
onPress('search-cancel', () => attempt(room.cancelSearch))
ui.plan.addEventListener('change', () => room.plan(ui.plan.value))
watch(['search'], ({ search }) => {
  if (!search && document.activeElement === ui.searchCancel) ui.settleTitle.focus()
  ui.search.hidden = !search
  setText(ui.searchLine, search ? searching(search) : '')
})
show(ui.settle, [], ({ summary }) => {
  const all = transfers()
  ui.settleTools.hidden = all.length === 0
  if (summary.eventCount === 0) return soft('Nothing to pay yet.')
  if (all.length === 0) return el('p.settled', 'All settled')
  return [el('ul.payments', all.map(row)), currencies().map(remark)]
})

/* You. */

function emptyRoom (channel) {
  return [
    el('p.headline', 'Nothing spent in ', name(channel), ' yet'),
    soft('Add the first expense with the form, or tell the assistant: ', el('code', 'add alice 30 split alice,bob note dinner')),
  ]
}

function standing (me) {
  const mine = (end) => transfers().filter((payment) => payment[end] === me)
  return [
    el('p.headline', name(me), currencies().map((unit, i) => verdict(unit, me, i))),
    mine('from').map(payForm),
    mine('to').map(({ from, amountCents, unit }) => soft(name(from), ` pays you ${money(amountCents, unit)}`)),
    !keyOf(me) && soft('To confirm or dispute entries, ', button('.link', `sign as ${me}`, () => run(`member ${quote(me)} claim`))),
  ]
}

function verdict (unit, me, i) {
  const cents = unit.balances.find((row) => row.member === me)?.cents ?? 0
  if (cents === 0) return i === 0 && ', you are all square'
  return [cents < 0 ? ', you owe ' : ', you get back ', el(`b.figure.${cents < 0 ? 'minus' : 'plus'}`, money(Math.abs(cents), unit))]
}

function payForm ({ from, to, amountCents, unit }) {
  const pay = button('.primary', '', () => run(payLine(from, to, amount.value)))
  const label = () => setText(pay, `Pay ${to} ${amount.value}`)
  const amount = el('input.figure', {
    inputmode: 'decimal',
    'aria-label': `Amount to pay ${visible(to)}`,
    value: money(amountCents, unit),
    input: label,
    keydown: ({ key }) => key === 'Enter' && pay.click(),
  })
  label()
  return el('div.line.pay', amount, pay)
}

const payLine = (from, to, amount) => `pay ${quote(from)} -> ${quote(to)}: ${amount}`

/* Balances: a bar for the eye, a word and a number for everybody. */

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

function bar (cents, most) {
  const node = el('span.fill')
  node.style.width = `${most && (Math.abs(cents) / most) * 50}%`
  return el('span.track', { 'aria-hidden': 'true' }, node)
}

/* Settle up. */

function row ({ from, to, amountCents, unit }) {
  const amount = money(amountCents, unit)
  const pay = () => run(payLine(from, to, amount))
  return el(
    'li',
    el('span', name(from), ' ', el('span.arrow', { role: 'img', 'aria-label': 'pays' }, '→'), ' ', name(to)),
    el('b.figure', amount),
    button('', 'Pay', pay, { 'aria-label': `Pay ${visible(to)} ${amount} for ${visible(from)}` }),
    why({ from, to, unit }),
  )
}

function why ({ from, to, unit }) {
  const answer = el('div.soft')
  const cause = ({ event, fromCents, toCents }) => el(
    'p',
    `${event.note || 'no note'} ${money(event.amountCents, event)}: `,
    name(from), ` ${signed(fromCents, unit)}, `, name(to), ` ${signed(toCents, unit)}`,
  )
  const own = (why) => why.currencies.find(({ code }) => code === unit.currency) ?? why
  const toggle = () => ask(answer, `why ${quote(from)} -> ${quote(to)}`, ({ why }) => own(why).causes.map(cause))
  return el('details', { toggle }, el('summary.soft', 'why?'), answer)
}

/** Few searches need their whole budget. */
function searching ({ steps, budget, payments, lowerBound }) {
  const known = payments ? `, between ${lowerBound} and ${payments}` : ''
  return `Searching for the fewest transfers${known}: ${Math.floor((steps / budget) * 100)} %`
}

function remark ({ settlements, plan, currency }) {
  const made = `${count(settlements.length, 'transfer')}${currency && ` in ${currency}`}`
  const proof = plan.optimal ? ', provably minimal' : plan.lowerBound ? `; no plan needs fewer than ${plan.lowerBound}` : ''
  return settlements.length > 0 && el('p.soft.hint', made + proof)
}
