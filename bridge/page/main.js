/** Every card wires itself; single letters, the help, the skip link; then we go in, if we know how. */

import './add.js'
import './assistant.js'
import './charts.js'
import './feed.js'
import './keep.js'
import './standing.js'
import './timeline.js'

import { prefill } from './connect.js'
import { goTo, onPress, ui } from './dom.js'
import { browser } from './memory.js'
import { state, watch } from './store.js'

const PLACES = { a: 'payer', '/': 'say', b: 'balances-title', s: 'settle-title' }

watch(['wasReady'], ({ wasReady }) => {
  ui.room.hidden = !wasReady
  document.body.classList.toggle('out', !wasReady)
})
for (const card of document.querySelectorAll('.fold')) card.open = matchMedia('(min-width: 56rem)').matches
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
onPress('help-open', () => ui.help.showModal())
ui.shortcuts.checked = browser.get('shortcuts') !== 'off'
ui.shortcuts.addEventListener('change', () => browser.set('shortcuts', ui.shortcuts.checked ? '' : 'off'))
prefill()

function meant (event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false
  return !event.target.closest('input, select, textarea, dialog')
}
