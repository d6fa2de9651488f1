/** Single-letter keys, the help, the skip link (docs/spec/16-ledger.md, section 5.2). */

import { onPress, ui } from './dom.js'
import { browser } from './memory.js'
import { state } from './store.js'

const PLACES = { a: 'payer', '/': 'say', b: 'balances-title', s: 'settle-title' }

document.addEventListener('keydown', (event) => {
  if (!ui.shortcuts.checked || !meant(event)) return
  if (event.key === '?') ui.help.showModal()
  else if (state.wasReady && PLACES[event.key]) goTo(PLACES[event.key])
  else return
  event.preventDefault()
})
ui.skip.addEventListener('click', (event) => {
  event.preventDefault()
  goTo(state.wasReady ? 'payer' : 'url')
})
onPress('help-open', () => ui.help.showModal()) /* closing gives the focus back to the opener */
onPress('help-close', () => ui.help.close())
ui.shortcuts.checked = browser.get('shortcuts') !== 'off'
ui.shortcuts.addEventListener('change', () => browser.set('shortcuts', ui.shortcuts.checked ? '' : 'off'))

/** Not a letter typed into a field or a dialog, or with a modifier. */
function meant (event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false
  return !event.target.closest('input, select, textarea, dialog')
}

export function goTo (id) {
  ui[id].closest('details')?.setAttribute('open', '')
  ui[id].focus()
  ui[id].scrollIntoView({ block: 'nearest' })
}
