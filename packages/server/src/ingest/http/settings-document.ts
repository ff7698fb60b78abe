/**
 * The settings that the web client of the Segment dialect fetches before it sends anything. It names this
 * server as the only destination: a second entry would make the client load a bundle from elsewhere.
 */
export function settingsDocument(writeKey: string, host: string, protocol: string) {
  return {
    integrations: {
      "Segment.io": {
        apiKey: writeKey,
        apiHost: `${host}/v1`,
        protocol,
        retryQueue: true,
        deliveryStrategy: { strategy: "batching", config: { size: 10, timeout: 1_000 } },
        // Left alone the client gives up after ten refusals; these win over the page's own.
        httpConfig: {
          rateLimitConfig: { maxRetryCount: 100 },
          backoffConfig: { maxRetryCount: 100, jitterPercent: 50 },
        },
        versionSettings: { version: "4.4.7", componentTypes: ["browser"] },
      },
    },
    plan: { track: { __default: { enabled: true, integrations: {} } } },
    edgeFunction: {},
    analyticsNextEnabled: true,
    middlewareSettings: {},
    enabledMiddleware: {},
    metrics: { sampleRate: 0 },
    legacyVideoPluginsEnabled: false,
    remotePlugins: [],
  };
}
