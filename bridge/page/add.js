/**
 * The form writes the line that one could have typed (docs/spec/16-ledger.md, 5.3): the
 * peer alone reads it, and says while one types what comes of it or is left.
 */

import { previewer } from './assistant.js'
import { button, el, fieldError, fill, onPress, onSubmit, setText, ui } from './dom.js'
import { amountOf } from './entry.js'
import { goTo } from './keys.js'
import { explain, say } from './notices.js'
import * as room from './room.js'
import { members, state, watch } from './store.js'
import { quote } from './text.js'

const FIELDS = ['payer', 'amount', 'split', 'items', 'currency', 'rate', 'date', 'category', 'note']
const ONCE = ['amount', 'items', 'note', 'mode'] /* the others stay for the next entry */
const VALUED = ['=', '*', '%', '+'] /* modes that have a value behind each name */
const SUMMED = ['=', '%'] /* whoever has none there shares nothing */
const REFUSED = new RegExp(`^(?:Missing|Invalid) (${FIELDS.join('|')})\\b`)
const OFF = /(\d\S*) (over|left)\b/

let rest = '' /* clause that says who takes what is over or left */
let editing = '' /* id of the entry that the form changes */

const preview = previewer(showPreview)

onSubmit('add-form', submit)
onPress('edit-cancel', () => edit(null))
ui.addForm.addEventListener('input', ({ target }) => {
  if (FIELDS.includes(target.id)) fieldError(target.id, '')
  rest = ''
  changed()
})
watch(['summary'], () => {
  fill(ui.members, members().map((value) => el('option', { value })))
  renderSplit()
})
watch(['can'], ({ can }) => (ui.more.hidden = !can.has('refund')))
watch(['me'], ({ me }) => (ui.payer.value ||= me))

/** Show what the fields come to. */
function changed () {
  renderSplit()
  preview(value('payer') && value('amount') && line())
}

function value (id) {
  return ui[id].value.trim()
}

/** The names typed as "Alice, bob"; all members when there are none. */
function sharing () {
  const typed = value('split').split(',').map((who) => who.trim().toLowerCase()).filter(Boolean)
  return typed.length > 0 ? typed : members()
}

/* --- the line --- */

function line () {
  const clause = (word, id) => value(id) && `${word} ${value(id)}`
  return [
    editing && `edit ${editing}`,
    ui.refund.checked ? 'refund' : 'add',
    value('payer').includes('=') ? value('payer') : quote(value('payer')),
    value('amount'),
    clause('cur', 'currency'),
    clause('rate', 'rate'),
    split(),
    value('mode') === ';' && `items ${value('items').replaceAll('\n', ';')}`,
    rest,
    clause('cat', 'category'),
    clause('on', 'date'),
    clause('note', 'note'),
  ].filter(Boolean).join(' ')
}

function split () {
  const mode = value('mode')
  const part = (who) => quote(who) + (typed(who) && (mode === '%' ? ` ${typed(who)}%` : mode + typed(who)))
  const shares = (who) => typed(who) || !SUMMED.includes(mode) || rest.endsWith(quote(who))
  if (!value('split') && !VALUED.includes(mode)) return ''
  return `split ${mode === 'only' ? 'only ' : ''}${sharing().filter(shares).map(part).join(',')}`
}

/* --- asking --- */

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

/** The peer names the field it refuses: "Invalid amount: ...", "Missing payer." */
function refused (text) {
  const field = REFUSED.exec(text)?.[1]
  if (!field) return setText(ui.addError, text)
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
    left && sharing().map((who) => offer(`Give the rest to ${who}`, `rest ${quote(who)}`)),
  )
}

/** Fill the form with an entry to change; null: make it ready for the next new one. */
export function edit (entry) {
  const done = editing
  editing = entry?.txId ?? ''
  rest = ''
  if (entry || done) ui.addForm.reset()
  for (const id of ONCE) ui[id].value = ''
  if (entry) fillIn(entry)
  ui.editCancel.hidden = !entry
  setText(ui.addTitle, entry ? 'Change an entry' : 'Add an expense')
  setText(ui.add, entry ? 'Save change' : 'Add Expense')
  changed()
}

function fillIn (entry) {
  const { amountCents, paid, shares, note, date = '', category = '', currency, mode, type } = entry
  const payer = paid.length === 1 ? paid[0].member : paid.map(({ member, cents }) => `${quote(member)}=${amountOf(cents, entry)}`).join('+')
  const values = { payer, amount: amountOf(amountCents, entry), split: shares.map(({ member }) => member).join(','), note, date, category, currency }
  for (const [id, text] of Object.entries(values)) ui[id].value = text
  ui.mode.value = mode === 'equal' ? '' : '='
  ui.refund.checked = type === 'refund'
  changed()
  parts().forEach((input, i) => (input.value = amountOf(shares[i].cents, entry)))
  goTo('amount')
}

/* --- who shares --- */

function renderSplit () {
  const mode = value('mode')
  const on = sharing()
  fill(ui.splitChips, members().map((who) => chip(who, on.includes(who))))
  renderParts(VALUED.includes(mode) ? on : [], mode)
  ui.itemsRow.hidden = mode !== ';'
}

/** A field for each name; what was typed stays. */
function renderParts (who, mode) {
  const field = (one) => el('label', mode === '=' ? one : `${one} ${mode}`, el('input', { inputmode: 'decimal', 'data-name': one, value: typed(one) }))
  if (parts().map((input) => input.dataset.name).join() !== who.join()) fill(ui.splitParts, who.map(field))
}

function parts () {
  return [...ui.splitParts.querySelectorAll('input')]
}

function typed (who) {
  return parts().find((input) => input.dataset.name === who)?.value.trim() ?? ''
}

function chip (who, on) {
  const toggle = () => {
    const now = sharing()
    ui.split.value = (on ? now.filter((other) => other !== who) : [...now, who]).join(',')
    ui.split.dispatchEvent(new Event('input', { bubbles: true }))
    ;[...ui.splitChips.children].find((node) => node.dataset.name === who)?.focus() /* they were made anew */
  }
  return button('.chip', who, toggle, { 'aria-pressed': String(on), 'data-name': who })
}
