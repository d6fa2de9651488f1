/** The form writes the line that one could have typed: the peer alone reads it, and says what comes of it. */

import { previewer } from './assistant.js'
import { button, el, fieldError, fill, goTo, onPress, onSubmit, setText, ui, value } from './dom.js'
import { explain, say } from './notices.js'
import * as room from './room.js'
import { active, members, state, watch } from './store.js'
import { amountOf, dayOf, quote } from './text.js'

const KEPT = ['payer', 'split', 'currency', 'rate', 'date', 'category'] /* for the next entry */
const KINDS = { refund: 'refund', payment: 'pay' }
const MODES = { equal: '', weights: '*', percent: '%', adjust: '+', items: ';' } /* '=' shows what any other comes to */
const VALUED = ['=', '*', '%', '+'] /* a value behind each name */
const SUMMED = ['=', '%'] /* whoever has none shares nothing, or all the rest */
const REFUSED = /^(?:Missing|Invalid) (\w+)/
const OFF = /(\d\S*) (over|left)\b/

let rest = ''
let editing = ''

const isPayment = () => value('kind') === 'pay'
const named = (id) => value(id).split(',').map((who) => who.trim().toLowerCase()).filter(Boolean)
const presets = () => state.settings?.presets ?? []
const paying = () => isPayment() || value('payer').includes('=') || named('payer').length < 2 ? [] : named('payer')
const inputs = (box) => [...ui[box].querySelectorAll('input')]
const inField = (box, who) => inputs(box).find((input) => input.dataset.name === who)?.value.trim() ?? ''

const preview = previewer(showPreview)

onSubmit('add-form', submit)
onPress('edit-cancel', () => edit(null))
ui.addForm.addEventListener('input', ({ target }) => {
  if (target.id) fieldError(target.id, '')
  rest = ''
  changed()
})
watch(['summary', 'settings'], () => {
  fill(ui.members, members().map((value) => el('option', { value })))
  renderSplit()
})
watch(['me'], ({ me }) => (ui.payer.value ||= me))

function changed () {
  renderSplit()
  preview(value('payer') && value('amount') && line())
}

/** The room's split of the name that stands there, or its usual one. */
function preset () {
  const wanted = value('split') || state.settings?.default
  return presets().find(({ name }) => name === wanted)
}

function sharing () {
  if (isPayment()) return named('split')
  return preset()?.split.map(({ name }) => name) ?? (value('split') ? named('split') : active())
}

function line () {
  const clause = (word, id) => value(id) && `${word} ${value(id)}`
  const repeats = !editing && value('every')
  return [
    editing && `edit ${editing}`,
    repeats && `every ${repeats} ${clause('until', 'until')}`,
    value('kind'),
    payers(),
    isPayment() && `-> ${quote(value('split'))}`,
    value('amount'),
    clause('cur', 'currency'),
    clause('rate', 'rate'),
    ...(isPayment() ? [] : shares()),
    clause('on', 'date') || (repeats && `on ${dayOf({ ts: Date.now() })}`),
    clause('note', 'note'),
  ].filter(Boolean).join(' ')
}

function payers () {
  const part = (who) => `${quote(who)}=${inField('payerParts', who)}`
  return paying().map(part).join('+') || (value('payer').includes('=') ? value('payer') : quote(value('payer')))
}

function shares () {
  const mode = value('mode')
  const parts = split(mode)
  return [
    parts.length > 0 && `split ${mode === 'only' ? 'only ' : ''}${parts.join(',')}`,
    mode === ';' && `items ${value('items').replaceAll(/\n(?=tax|tip)/g, ' ').replaceAll('\n', ';')}`,
    !(SUMMED.includes(mode) && parts.some((part) => part.endsWith('"'))) && rest,
    value('category') && `cat ${value('category')}`,
  ]
}

function split (mode) {
  const typed = (who) => inField('splitParts', who)
  const part = (who) => quote(who) + (typed(who) && (mode === '%' ? ` ${typed(who)}%` : mode + typed(who)))
  const takes = (who) => typed(who) || !SUMMED.includes(mode) || rest.endsWith(quote(who))
  if (mode === 'only' && !value('split')) return sharing().filter((who) => !named('payer').includes(who)).map(quote)
  return (VALUED.includes(mode) ? sharing() : named('split')).filter(takes).map(part)
}

async function submit () {
  const missing = ['payer', 'amount'].find((id) => !value(id))
  setText(ui.addError, '')
  if (missing) return refused(`Missing ${missing}.`)
  try {
    const { text, undo } = await room.say(line())
    const wasIn = ui.addForm.contains(document.activeElement) && document.activeElement !== ui.add
    say(text, undo)
    edit(null)
    if (wasIn) ui.amount.focus()
  } catch (error) {
    refused(explain(error))
  }
}

/** The peer names the field it refuses: "Invalid amount: ..." */
function refused (text) {
  const field = REFUSED.exec(text)?.[1]
  if (!(field in ui.addForm.elements)) return setText(ui.addError, text)
  fieldError(field, text)
  goTo(field)
}

function showPreview (words, refusal) {
  const [, left, way] = (refusal && OFF.exec(words)) || []
  const offer = (label, clause) => button('.chip', label, () => {
    rest = clause
    changed()
  })
  setText(ui.addPreview, words)
  fill(
    ui.rest,
    way === 'left' && value('mode') === ';' && offer(`${left} is tax and tip`, `tip ${left}`),
    left && !words.includes('payer') && sharing().map((who) => offer(`Give the rest to ${who}`, `rest ${quote(who)}`)),
  )
}

/** null: a new one. */
export function edit (entry) {
  const kept = KEPT.map((id) => [id, entry || editing ? '' : value(id)])
  editing = entry?.txId ?? ''
  rest = ''
  ui.addForm.reset()
  fill(ui.payerParts)
  for (const [id, text] of kept) ui[id].value = text
  if (entry) fillIn(entry)
  ui.editCancel.hidden = !entry
  setText(ui.addTitle, entry ? 'Change an entry' : 'Add an expense')
  setText(ui.add, entry ? 'Save change' : 'Add Expense')
  changed()
}

function fillIn (entry) {
  const { amountCents, paid, shares, note, date = '', category = '', rate = '', mode, type } = entry
  const typed = entry.original ?? entry
  const list = (parts) => parts.map(({ member }) => member).join(',')
  const own = (cents) => (entry.original ? Math.round((cents / amountCents) * typed.cents) : cents)
  const amounts = (parts) => parts.map(({ cents }) => amountOf(own(cents), typed))
  const only = mode === 'equal' && shares.every(({ member }) => member !== paid[0].member)
  const fields = {
    kind: KINDS[type] ?? 'add',
    payer: list(paid),
    amount: amountOf(typed.cents ?? amountCents, typed),
    split: list(shares),
    mode: only ? 'only' : (MODES[mode] ?? '='),
    items: entry.items && bill(entry),
    currency: typed.currency,
    note, date, category, rate,
  }
  const unit = { weights: { exponent: 0 }, percent: {} }[mode] ?? entry
  for (const [id, text] of Object.entries(fields)) ui[id].value = text ?? ''
  ui.several.checked = paid.length > 1
  ui.more.open = true
  const put = (box, values) => inputs(box).forEach((input, i) => (input.value = values[i]))
  renderSplit()
  put('payerParts', amounts(paid))
  put('splitParts', entry.values?.map((one) => one && amountOf(one, unit)) ?? amounts(shares))
  goTo('amount')
}

export function bill (entry) {
  const left = entry.items.reduce((rest, { cents }) => rest - cents, entry.amountCents)
  const lines = entry.items.map(({ cents, text, members }) => `${amountOf(cents, entry)} ${text} for ${members.map(quote).join(',')}`)
  return [...lines, left > 0 && `tip ${amountOf(left, entry)}`].filter(Boolean).join('\n')
}

function renderSplit () {
  const mode = isPayment() ? '' : value('mode')
  setText(ui.splitTitle, isPayment() ? 'To' : 'Split')
  ui.split.placeholder = isPayment() ? '' : state.settings?.default || 'everybody'
  renderChips('split', sharing)
  renderChips('payer', () => named('payer'))
  ui.payerChips.hidden = !ui.several.checked
  renderParts('splitParts', VALUED.includes(mode) ? sharing() : [], mode === '=' ? '' : mode)
  renderParts('payerParts', paying(), 'paid')
  ui.itemsRow.hidden = mode !== ';'
}

/** A field for each name; what was typed stays. */
function renderParts (box, who, unit) {
  const field = (one) => el('label', `${one} ${unit}`, el('input', { inputmode: 'decimal', 'data-name': one, value: inField(box, one) }))
  if (inputs(box).map((input) => input.dataset.name).join() !== who.join()) fill(ui[box], who.map(field))
}

/** A chip for each member, in the field `id` or not, and one for each split that has a name. */
function renderChips (id, chosen) {
  const box = ui[`${id}Chips`]
  const on = chosen()
  const chip = (label, pressed, text) => {
    const press = () => {
      ui[id].value = text
      ui[id].dispatchEvent(new Event('input', { bubbles: true }))
      ;[...box.children].find((node) => node.dataset.name === label)?.focus()
    }
    return button('.chip', label, press, { 'aria-pressed': String(pressed), 'data-name': label })
  }
  const others = (who) => (isPayment() ? [] : on.filter((other) => other !== who))
  const member = (who) => chip(who, on.includes(who), [...others(who), ...(on.includes(who) ? [] : [who])].join(','))
  const known = ({ name, split }) => chip(`${name}: ${split.map((part) => part.name).join(', ')}`, name === preset()?.name, name)
  fill(box, active().map(member), id === 'split' && !isPayment() && presets().map(known))
}
