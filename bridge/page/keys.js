/** Single-letter keys, the help, the skip link (docs/spec/16-ledger.md, section 5.2). */

import { byId, onPress } from './dom.js'
import { browser } from './memory.js'

const PLACES = { a: 'payer', '/': 'say', b: 'balances-title', s: 'settle-title' }

export function mountKeys ({ store }) {
  const ready = () => store.state.wasReady
  document.addEventListener('keydown', (event) => {
    if (!meant(event)) return
    if (event.key === '?') openHelp()
    else if (ready() && PLACES[event.key]) goTo(PLACES[event.key])
    else return
    event.preventDefault()
  })
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault()
    goTo(ready() ? 'payer' : 'url')
  })
  mountHelp()
}

/** A letter typed into a field, or into a dialog, or with a modifier, is not for us. */
function meant (event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false
  if (!byId('shortcuts').checked || document.querySelector('dialog[open]')) return false
  return !event.target.closest('input, select, textarea')
}

function goTo (id) {
  byId(id).closest('details')?.setAttribute('open', '')
  byId(id).focus()
  byId(id).scrollIntoView({ block: 'nearest' })
}

function openHelp () {
  byId('help').showModal() /* closing gives the focus back to the opener */
}

function mountHelp () {
  byId('shortcuts').checked = browser.get('shortcuts') !== 'off'
  byId('shortcuts').addEventListener('change', () => browser.set('shortcuts', byId('shortcuts').checked ? '' : 'off'))
  onPress(byId('help-open'), openHelp)
  onPress(byId('help-close'), () => byId('help').close())
}
