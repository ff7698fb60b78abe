/**
 * The report of a test run: vitest's own, then which tests were skipped and why, the seed, how many test
 * files were read, and last, alone on its line, `N passed, N failed, N skipped`.
 */
import {
  DefaultReporter,
  type TestCase,
  type TestModule,
  type TestRunEndReason,
} from "vitest/node";

type Errors = Parameters<DefaultReporter["onTestRunEnd"]>[1];

export default class ClosingLine extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: Errors,
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, unhandled, reason);
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((test) => test.result().state === state).length;
    // A file that does not load, a failing hook or an error outside any test is a failure too.
    const outside = modules.reduce((sum, module) => sum + errorsOutsideTests(module), 0);
    const failed = inState("failed") + outside + unhandled.length;
    // `pending` is a test that never ran because the run was interrupted.
    const skipped = tests.filter((test) => ["skipped", "pending"].includes(test.result().state));
    for (const test of skipped) console.log(`skipped: ${test.fullName} (${reasonOf(test)})`);
    const seed = process.env["ATTUNE_SEED"] ?? this.ctx.config.env["ATTUNE_SEED"] ?? "none";
    console.log(`seed ${seed}; to repeat this run: ATTUNE_SEED=${seed} npm test`);
    console.log(`read ${modules.length} test files`);
    console.log(`${inState("passed")} passed, ${failed} failed, ${skipped.length} skipped`);
  }
}

function errorsOutsideTests(module: TestModule): number {
  const suites = [...module.children.allSuites()];
  return module.errors().length + suites.reduce((sum, suite) => sum + suite.errors().length, 0);
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  return (result.state === "skipped" && result.note) || "no reason given";
}
