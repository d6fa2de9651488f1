/** Where "I" stand, and the way to change that. Who I am is only this browser's knowledge. */

import { button, el, fill, setText, soft, ui, visible } from './dom.js'
import { browser } from './memory.js'
import { attempt } from './notices.js'
import { say } from './room.js'
import { change, currencies, members, state, transfers, watch } from './store.js'
import { count, money, name, quote } from './text.js'

let shown = ''
ui.me.addEventListener('change', () => {
  browser.set(`me.${state.channel}`, ui.me.value)
  change({ me: ui.me.value })
})
watch(['channel'], ({ channel }) => change({ me: browser.get(`me.${channel}`) }))
watch(['summary', 'me', 'can'], () => {
  const now = JSON.stringify([state.summary, state.me, state.can.size])
  if (now !== shown) render() /* else an amount that is being typed stays */
  shown = now
})

function render () {
  const { summary, me, channel, can } = state
  const all = members()
  const known = all.includes(me)
  fill(ui.me, el('option', { value: '' }, 'just looking'), all.map((who) => el('option', { value: who }, who)))
  ui.me.value = known ? me : ''
  ui.meRow.hidden = all.length === 0
  if (!summary) return fill(ui.you, soft('Reading the ledger…'))
  if (summary.eventCount === 0) return fill(ui.you, emptyRoom(channel))
  const spent = money(summary.totalCents, summary)
  fill(
    ui.you,
    known ? standing(me, can) : el('p.headline', el('b.figure', spent), ' spent'),
    soft(`${spent} spent · ${count(summary.eventCount, 'entry', 'entries')} · ${count(all.length, 'person', 'people')}`),
  )
}

function emptyRoom (channel) {
  return [
    el('p.headline', 'Nothing spent in ', name(channel), ' yet'),
    soft('Add the first expense with the form, or tell the assistant: ', el('code', 'add alice 30 split alice,bob note dinner')),
  ]
}

function standing (me, can) {
  const mine = (end) => transfers().filter((payment) => payment[end] === me)
  const toPay = ({ to, amountCents, unit }) => soft('Pay ', name(to), ` ${money(amountCents, unit)}`)
  return [
    el('p.headline', name(me), currencies().map((unit, i) => verdict(unit, me, i))),
    mine('from').map((payment) => (can.has('pay') ? payForm(payment) : toPay(payment))),
    mine('to').map(({ from, amountCents, unit }) => soft(name(from), ` pays you ${money(amountCents, unit)}`)),
  ]
}

/** The first currency is the room's own; of others only says what isn't even. */
function verdict (unit, me, i) {
  const cents = unit.balances.find((row) => row.member === me)?.cents ?? 0
  if (cents === 0) return i === 0 && ', you are all square'
  return [cents < 0 ? ', you owe ' : ', you get back ', el(`b.figure.${cents < 0 ? 'minus' : 'plus'}`, money(Math.abs(cents), unit))]
}

/** Pays all of it, or what one types instead. */
function payForm ({ from, to, amountCents, unit }) {
  const pay = button('.primary', '', () => attempt(() => say(payLine(from, to, amount.value))))
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

/** The line that records a payment. */
export function payLine (from, to, amount) {
  return `pay ${quote(from)} -> ${quote(to)}: ${amount}`
}
