/** The browser of the tests and the screenshots: the system's own Chromium, without a word to the outside. */
export const browserPath = "/usr/bin/chromium";

export const browserArguments = [
  ..."--headless --no-sandbox --disable-gpu --disable-quic --no-first-run".split(" "),
  ..."--disable-background-networking --disable-component-update --disable-sync".split(" "),
];
