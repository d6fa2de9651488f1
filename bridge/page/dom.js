/** Elements. What comes from a peer is text, never HTML, and can't reorder or hide what stands around it. */

const UNSEEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/** The elements of index.html: `ui.sayPreview` has the id "say-preview". */
export const ui = new Proxy({}, {
  get: (_, name) => document.getElementById(name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)),
})

export const value = (id) => ui[id].value.trim()

/** U+202E shows as "⟨202E⟩"; U+200D only joins emoji. */
export const visible = (text) => text.replace(UNSEEN, (c) => `⟨${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`)

/** `el('p.soft', { title }, 'text', child)`: objects hold attributes and listeners; null and false are no children. */
export function el (kind, ...parts) {
  const [tag, ...classes] = kind.split('.')
  const node = document.createElementNS(`http://www.w3.org/${/^(svg|rect)$/.test(tag) ? '2000/svg' : '1999/xhtml'}`, tag)
  if (classes.length > 0) dress(node, { class: classes.join(' ') })
  for (const part of shown(parts)) part.constructor === Object ? dress(node, part) : node.append(part)
  return node
}

function dress (node, attributes) {
  for (const [name, value] of Object.entries(attributes))
    typeof value === 'function' ? node.addEventListener(name, value) : node.setAttribute(name, value)
}

const shown = (parts) => parts.flat(Infinity).filter(Boolean).map((part) => (typeof part === 'string' ? visible(part) : part))

/** A focus in what goes moves to the card's title. */
export function fill (node, ...children) {
  const title = node.querySelector(':focus') && node.closest('.card')?.querySelector('h2')
  node.replaceChildren(...shown(children))
  title?.setAttribute('tabindex', -1)
  title?.focus()
}

/** Only when it differs: a live region isn't read out twice. */
export function setText (node, text) {
  if (node.textContent !== visible(text)) node.textContent = visible(text)
}

export const soft = (...content) => el('p.soft', ...content)

export function button (look, label, press, attributes = {}) {
  return el(`button${look}`, { type: 'button', click: (event) => whileBusy(event.currentTarget, press), ...attributes }, label)
}

export function onPress (id, work) {
  ui[id].addEventListener('click', (event) => whileBusy(event.currentTarget, work))
}

export function onSubmit (id, work) {
  const form = ui[id]
  form.autocomplete = 'off'
  form.autocapitalize = 'none'
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    whileBusy(form.querySelector('[type="submit"]'), work)
  })
}

/** `disabled` would throw a keyboard user out of place. */
async function whileBusy (node, work) {
  if (node.ariaBusy === 'true') return
  node.ariaBusy = 'true'
  try {
    await work()
  } finally {
    node.ariaBusy = null
  }
}

export function fieldError (id, text) {
  const input = ui[id]
  const line = ui[`${id}-error`] ?? (text && errorLine(input))
  if (line) setText(line, text)
  input.ariaInvalid = text ? 'true' : null
}

function errorLine (input) {
  const line = el('p.error', { id: `${input.id}-error` })
  input.setAttribute('aria-describedby', line.id)
  ;(input.closest('label') ?? input.form.lastElementChild).after(line)
  return line
}

export function goTo (id) {
  ui[id].closest('details')?.setAttribute('open', '')
  ui[id].focus()
  ui[id].scrollIntoView({ block: 'nearest' })
}
