/** Who pays whom, whether fewer payments would do, and where each of them comes from. */

import { button, el, fill, onPress, soft, ui, visible } from './dom.js'
import { ask, attempt, copy } from './notices.js'
import * as room from './room.js'
import { currencies, show, transfers } from './store.js'
import { count, money, name, payment, quote, signed } from './text.js'
import { payLine } from './you.js'

onPress('settle-copy', () => copy(transfers().map((one) => payment(one.unit, one)).join('\n'), 'Settlement copied.'))
ui.plan.addEventListener('change', () => room.plan(ui.plan.value))
show(ui.settle, [], ({ summary }) => {
  const all = transfers()
  ui.settleTools.hidden = all.length === 0
  if (summary.eventCount === 0) return soft('Nothing to pay yet.')
  if (all.length === 0) return el('p.settled', 'All settled')
  return [el('ul.payments', all.map(row)), currencies().map(remark)]
})

function row ({ from, to, amountCents, unit }) {
  const amount = money(amountCents, unit)
  const pay = () => attempt(() => room.say(payLine(from, to, amount)))
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
  const toggle = () => ask(answer, `why ${quote(from)} -> ${quote(to)}`, (result) => result.why.causes.map(cause))
  return el('details', { toggle }, el('summary.soft', 'why?'), answer)
}

/** Only claims what the peer has proved. */
function remark ({ settlements, plan, currency }) {
  const made = `${count(settlements.length, 'transfer')}${currency && ` in ${currency}`}`
  const proof = plan.optimal ? ', provably minimal' : plan.lowerBound ? `; no plan needs fewer than ${plan.lowerBound}` : ''
  return settlements.length > 0 && el('p.soft.hint', made + proof)
}
