/** The hidden verb by which a compiled `kontener` starts itself as the reference executor. */
export const REFERENCE_VERB = "__reference";

/**
 * How to start the reference executor: Bun with its file, or in a compiled program, which has no files, the program itself
 * with {@link REFERENCE_VERB}.
 */
export const referenceCommand = (): string[] => [
  process.execPath,
  Bun.main.startsWith("/$bunfs/")
    ? REFERENCE_VERB
    : decodeURIComponent(new URL("./main.ts", import.meta.url).pathname),
];

/**
 * Keeps Bun 1.4.5 to one thread. Each line is one kind of thread less: the garbage collector's helpers, the compilers',
 * the one that warms up the heap ("JSCWarmUp"), the pool that transpiles modules ("Bun Pool"), and the allocator's
 * ("mi-scavenger"; a delay of -1 means that memory is never given back).
 */
export const oneThreadEnvironment = {
  BUN_JSC_useConcurrentGC: "0",
  BUN_JSC_useConcurrentJIT: "0",
  BUN_JSC_useWarmUpMarkedBlocks: "0",
  BUN_FEATURE_FLAG_DISABLE_ASYNC_TRANSPILER: "1",
  MIMALLOC_PURGE_DELAY: "-1",
} as const;
