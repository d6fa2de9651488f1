/**
 * Building elements. Whatever comes from a peer goes in as text: nothing here, and
 * nothing that uses it, ever parses HTML.
 */

/**
 * Make an element.
 *
 * @param {string} tag
 * @param {object} props  attributes, null leaves one out; `on`: event handlers by name
 * @param {...(Node|string|null|undefined|false)} children  strings become text
 */
export function el (tag, props = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (name === 'on') listen(node, value)
    else if ((value ?? null) !== null) node.setAttribute(name, value)
  }
  node.append(...shown(children))
  return node
}

/** Cards write `condition && el(...)`: what isn't there isn't shown. */
function shown (children) {
  return children.flat().filter(Boolean)
}

function listen (node, handlers) {
  for (const [type, handler] of Object.entries(handlers)) node.addEventListener(type, handler)
}

/** The element of index.html with this id. */
export function byId (id) {
  const node = document.getElementById(id)
  if (!node) throw new Error(`index.html has no element #${id}`)
  return node
}

/** Put `children` in place of what `node` holds. */
export function fill (node, ...children) {
  node.replaceChildren(...shown(children))
}

/** Set text only when it differs, so that a live region isn't read out twice. */
export function setText (node, text) {
  if (node.textContent !== text) node.textContent = text
}

/** Text for screen readers only. */
export function spoken (text) {
  return el('span', { class: 'hidden' }, text)
}

/**
 * Run `work` when `button` is pressed, once at a time. The button stays focusable
 * meanwhile: `disabled` would throw a keyboard user out of place.
 */
export function onPress (button, work) {
  button.addEventListener('click', () => whileBusy(button, work))
}

/** The same for a form; `button` shows that it's at work. */
export function onSubmit (form, button, work) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    whileBusy(button, work)
  })
}

async function whileBusy (button, work) {
  if (button.getAttribute('aria-busy') === 'true') return
  button.setAttribute('aria-busy', 'true')
  try {
    await work()
  } finally {
    button.removeAttribute('aria-busy')
  }
}

/** Show `text` under the field `id` as its error, or take the error away. */
export function fieldError (id, text) {
  const input = byId(id)
  setText(document.getElementById(`${id}-error`) ?? errorLine(input), text)
  if (text) input.setAttribute('aria-invalid', 'true')
  else input.removeAttribute('aria-invalid')
}

function errorLine (input) {
  const line = el('p', { class: 'error', id: `${input.id}-error` })
  input.closest('.field, form').append(line)
  const others = input.getAttribute('aria-describedby')
  input.setAttribute('aria-describedby', others ? `${others} ${line.id}` : line.id)
  return line
}

/** Stands in a card until the first answer. */
export function reading () {
  return [el('p', { class: 'soft' }, 'Reading the ledger…')]
}
