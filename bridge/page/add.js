/**
 * The form writes the line that one could have typed (docs/spec/16-ledger.md, 5.3): the
 * peer alone reads it, and says while one types what comes of it or is left.
 */

import { previewer } from './assistant.js'
import { button, el, fieldError, fill, onPress, onSubmit, setText, ui, value } from './dom.js'
import { goTo } from './keys.js'
import { explain, say } from './notices.js'
import * as room from './room.js'
import { active, members, watch } from './store.js'
import { amountOf, dayOf, quote } from './text.js'

const KEPT = ['payer', 'split', 'currency', 'rate', 'date', 'category'] /* for the next entry */
const MODES = { equal: '', weights: '*', percent: '%', adjust: '+' } /* '=' shows what any other comes to */
const VALUED = ['=', '*', '%', '+'] /* a value behind each name */
const SUMMED = ['=', '%'] /* whoever has none shares nothing, or all the rest */
const REFUSED = /^(?:Missing|Invalid) (\w+)/
const OFF = /(\d\S*) (over|left)\b/

let rest = '' /* clause that says who takes what is over or left */
let editing = '' /* id of the entry that the form changes */

const preview = previewer(showPreview)

onSubmit('add-form', submit)
onPress('edit-cancel', () => edit(null))
ui.addForm.addEventListener('input', ({ target }) => {
  if (target.id) fieldError(target.id, '')
  rest = ''
  changed()
})
watch(['summary'], () => {
  fill(ui.members, members().map((value) => el('option', { value })))
  renderSplit()
})
watch(['me'], ({ me }) => (ui.payer.value ||= me))

function changed () {
  renderSplit()
  preview(value('payer') && value('amount') && line())
}

function named (id) {
  return value(id).split(',').map((who) => who.trim().toLowerCase()).filter(Boolean)
}

function sharing () {
  return value('split') ? named('split') : active()
}

/** Those who say what each of them paid. */
function paying () {
  return value('payer').includes('=') || named('payer').length < 2 ? [] : named('payer')
}

function line () {
  const clause = (word, id) => value(id) && `${word} ${value(id)}`
  const repeats = !editing && value('every')
  return [
    editing && `edit ${editing}`,
    repeats && `every ${repeats} ${clause('until', 'until')}`,
    ui.refund.checked ? 'refund' : 'add',
    payers(),
    value('amount'),
    clause('cur', 'currency'),
    clause('rate', 'rate'),
    split(),
    value('mode') === ';' && `items ${value('items').replaceAll('\n', ';')}`,
    !(SUMMED.includes(value('mode')) && /"(,|$)/.test(split())) && rest,
    clause('cat', 'category'),
    clause('on', 'date') || (repeats && `on ${dayOf({ ts: Date.now() })}`),
    clause('note', 'note'),
  ].filter(Boolean).join(' ')
}

function payers () {
  const part = (who) => `${quote(who)}=${inField('payerParts', who)}`
  return paying().map(part).join('+') || (value('payer').includes('=') ? value('payer') : quote(value('payer')))
}

function split () {
  const mode = value('mode')
  const typed = (who) => inField('splitParts', who)
  const part = (who) => quote(who) + (typed(who) && (mode === '%' ? ` ${typed(who)}%` : mode + typed(who)))
  const shares = (who) => typed(who) || !SUMMED.includes(mode) || rest.endsWith(quote(who))
  if (!value('split') && !VALUED.includes(mode)) return ''
  return `split ${mode === 'only' ? 'only ' : ''}${sharing().filter(shares).map(part).join(',')}`
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

/** Fill the form with an entry to change; null: make it ready for the next new one. */
export function edit (entry) {
  const kept = entry || editing ? [] : KEPT.map((id) => [id, value(id)])
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
  const { amountCents, paid, shares, note, date = '', category = '', currency, mode, type } = entry
  const list = (parts) => parts.map(({ member }) => member).join(',')
  const amounts = (parts) => parts.map(({ cents }) => amountOf(cents, entry))
  const fields = { payer: list(paid), amount: amountOf(amountCents, entry), split: list(shares), note, date, category, currency, mode: MODES[mode] ?? '=' }
  const unit = { weights: { exponent: 0 }, percent: {} }[mode] ?? entry
  for (const [id, text] of Object.entries(fields)) ui[id].value = text
  ui.refund.checked = type === 'refund'
  renderSplit()
  put('payerParts', amounts(paid))
  put('splitParts', entry.values?.map((one) => one && amountOf(one, unit)) ?? amounts(shares))
  goTo('amount')
}

function renderSplit () {
  const mode = value('mode')
  const on = sharing()
  renderChips('split', sharing)
  renderChips('payer', () => named('payer'))
  ui.payerChips.hidden = !ui.several.checked
  renderParts('splitParts', VALUED.includes(mode) ? on : [], mode === '=' ? '' : mode)
  renderParts('payerParts', paying(), 'paid')
  ui.itemsRow.hidden = mode !== ';'
}

/** A field for each name; what was typed stays. */
function renderParts (box, who, unit) {
  const field = (one) => el('label', `${one} ${unit}`, el('input', { inputmode: 'decimal', 'data-name': one, value: inField(box, one) }))
  if (inputs(box).map((input) => input.dataset.name).join() !== who.join()) fill(ui[box], who.map(field))
}

function inputs (box) {
  return [...ui[box].querySelectorAll('input')]
}

function inField (box, who) {
  return inputs(box).find((input) => input.dataset.name === who)?.value.trim() ?? ''
}

function put (box, values) {
  inputs(box).forEach((input, i) => (input.value = values[i]))
}

/** A chip for each member, which puts the name into the field `id` or takes it out. */
function renderChips (id, chosen) {
  const box = ui[`${id}Chips`]
  const chip = (who) => {
    const on = chosen().includes(who)
    const toggle = () => {
      ui[id].value = (on ? chosen().filter((other) => other !== who) : [...chosen(), who]).join(',')
      ui[id].dispatchEvent(new Event('input', { bubbles: true }))
      ;[...box.children].find((node) => node.dataset.name === who)?.focus() /* they were made anew */
    }
    return button('.chip', who, toggle, { 'aria-pressed': String(on), 'data-name': who })
  }
  fill(box, active().map(chip))
}
