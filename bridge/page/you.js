/** Where "I" stand, and the way to change that. Who I am is only this browser's knowledge. */

import { button, el, fill, setText, soft, ui, visible } from './dom.js'
import { browser } from './memory.js'
import { attempt } from './notices.js'
import { say } from './room.js'
import { change, currencies, keyOf, members, show, state, transfers, watch } from './store.js'
import { count, money, name, quote } from './text.js'

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
    !keyOf(me) && soft('To confirm or dispute entries, ', button('.link', `sign as ${me}`, () => attempt(() => say(`member ${quote(me)} claim`)))),
  ]
}

/** The first currency is the room's own; of others only says what isn't even. */
function verdict (unit, me, i) {
  const cents = unit.balances.find((row) => row.member === me)?.cents ?? 0
  if (cents === 0) return i === 0 && ', you are all square'
  return [cents < 0 ? ', you owe ' : ', you get back ', el(`b.figure.${cents < 0 ? 'minus' : 'plus'}`, money(Math.abs(cents), unit))]
}

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

export function payLine (from, to, amount) {
  return `pay ${quote(from)} -> ${quote(to)}: ${amount}`
}
