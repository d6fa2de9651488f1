/** The form for a new expense. Amounts go to the peer as typed: one parser reads them all. */

import { byId, el, fieldError, fill, onSubmit, setText } from './dom.js'
import { explain, say } from './notices.js'
import { members } from './store.js'
import { visible } from './text.js'

const FIELDS = ['payer', 'amount', 'split', 'note']

export function mountAdd ({ store, room }) {
  onSubmit(byId('add-form'), byId('add'), () => submit(room))
  for (const id of FIELDS) byId(id).addEventListener('input', () => fieldError(id, ''))
  for (const id of ['payer', 'split']) byId(id).addEventListener('input', () => renderSplit(store.state))
  store.watch(['summary'], (state) => {
    const options = members(state).map((who) => el('option', { value: who }))
    fill(byId('members'), options)
    renderSplit(state)
  })
  store.watch(['me'], ({ me }) => {
    if (me && !byId('payer').value) byId('payer').value = me
  })
}

async function submit (room) {
  clearErrors()
  const only = !byId('only-row').hidden && byId('only').checked
  const entry = { payer: value('payer'), amount: value('amount'), split: value('split'), note: value('note') }
  try {
    const { text } = await room.add(only ? { ...entry, only } : entry)
    done(text)
  } catch (error) {
    refused(error)
  }
}

function value (id) {
  return byId(id).value.trim()
}

function done (text) {
  say(text)
  byId('amount').value = ''
  byId('note').value = ''
  byId('only').checked = false
  if (byId('add-form').contains(document.activeElement) && document.activeElement !== byId('add')) byId('amount').focus()
}

function clearErrors () {
  for (const id of FIELDS) fieldError(id, '')
  setText(byId('add-error'), '')
}

/** The peer names the field it refuses: "Invalid amount: ...", "Missing payer." */
function refused (error) {
  const field = /^(?:Missing|Invalid) (payer|amount|split|note)\b/.exec(error.message)?.[1]
  if (!field) {
    setText(byId('add-error'), visible(explain(error)))
    return
  }
  fieldError(field, visible(error.message))
  byId(field).focus()
}

/* --- who shares --- */

function typedNames () {
  return byId('split').value.split(',').map((who) => who.trim().toLowerCase()).filter(Boolean)
}

function renderSplit (state) {
  const all = members(state)
  const typed = typedNames()
  const payer = byId('payer').value.trim().toLowerCase()
  fill(byId('split-chips'), ...all.map((who) => chip(who, typed.length === 0 || typed.includes(who), state)))
  const left = payer !== '' && typed.length > 0 && !typed.includes(payer)
  byId('only-row').hidden = !left
  setText(byId('only-text'), `Only these people: ${visible(payer)} pays without a share`)
  setText(byId('split-hint'), hint(all, typed, left && visible(payer)))
}

function hint (all, typed, left) {
  if (typed.length > 0) return left ? `${left} shares too, unless you say only.` : ''
  return all.length > 0 ? 'Empty means everybody so far.' : 'Names with commas between them.'
}

function chip (who, on, state) {
  const toggle = () => {
    const now = typedNames().length === 0 ? members(state) : typedNames()
    const next = on ? now.filter((other) => other !== who) : [...now, who]
    byId('split').value = next.join(',')
    fieldError('split', '')
    renderSplit(state)
    refocus(who)
  }
  return el('button', { type: 'button', class: 'chip', 'aria-pressed': String(on), 'data-name': who, on: { click: toggle } }, visible(who))
}

/** The chips were made anew; the keyboard stays where it was. */
function refocus (who) {
  const again = [...byId('split-chips').children].find((node) => node.dataset.name === who)
  again?.focus()
}
