package dev.jmlx.engine.cpu;

/// The activations of linear operations, arranged as each kernel wants them, shared by all tasks of one
/// [CpuOps]. Engine thread; workers read.
record LinearInputs(TokenInput one, FewInput few, ShortFewInput shortFew, TokensInput tokens) {

    /// Says that tensors were given back or written to.
    void forget() {
        one.forget();
        few.forget();
        shortFew.forget();
        tokens.forget();
    }
}
