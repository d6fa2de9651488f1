/** The bar is painted first; then every card wires itself, and we go in, if we know how. */

import { goTo, onPress, ui } from './dom.js'
import { browser } from './memory.js'
import { state, watch } from './store.js'

const CARDS = ['connect', 'add', 'assistant', 'charts', 'feed', 'keep', 'standing', 'timeline']
const PLACES = { a: 'payer', '/': 'say', b: 'balances-title', s: 'settle-title' }

await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)))
document.body.append(document.querySelector('template').content)
const [{ prefill, goIn }] = await Promise.all(CARDS.map((name) => import(`./${name}.js`)))
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
const known = await prefill()
document.body.inert = false
if (known) goIn()

function meant (event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false
  return !event.target.closest('input, select, textarea, dialog')
}
