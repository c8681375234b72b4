"""Every id that a report can name a mistake by, and what each means."""

# in the order of the page of documentation; an id never changes its meaning
KINDS = {
    # through time
    "no-carry": "Nothing is carried from step t+1 back to step t in the loop over time.",
    "one-path-not-carried": "Of the two paths back, along the hidden state and along the cell"
    " state, one is cut.",
    "not-accumulated": "Parameter gradients are assigned at every step instead of being added up.",
    "no-transpose": "A transpose is missing; the matrix is square, so that NumPy raises no error.",
    "state-offset": "The state, cache or input of a neighbouring step is read or written.",
    "whh-off-by-one": "The gradient of the recurrent weights pairs a delta with the hidden state of"
    " the wrong step.",
    "last-step-skipped": "The first or the last step is left out of the loop, or of the sums.",
    "upstream-in-place": "The gradient that a backward function is given is changed in place.",
    "final-cell-gradient-ignored": "The gradient that arrives at the last cell state never enters.",
    # backward of a cell
    "activation-derivative-missing": "The derivative of an activation is left out.",
    "sigmoid-for-derivative": "The activation itself is used instead of its derivative.",
    "derivative-of-activated": "A derivative is taken at a value that is activated already.",
    "misplaced-parentheses": "A bracket opens or closes in the wrong place.",
    "extra-candidate-factor": "The candidate's gradient has the candidate as a factor too many.",
    "wrong-variable": "Another variable is used instead of this one, or the sign is wrong.",
    "bias-not-summed": "A bias gradient is not summed over the examples, or over the wrong axis.",
    "divided-by-m": "Gradients are divided by the number of examples or steps: of a mean, not of"
    " the sum.",
    "transposes-left-out": "A transpose is left out; this runs only where sizes happen to be"
    " equal.",
    "reads-global": "A global is read instead of an argument.",
    "gradients-for-weights": "Gradients of the weights are used instead of the weights.",
    # forward
    "c-is-a": "Hidden state and cell state are one array, or one is passed on as the other.",
    "cell-state-view": "A state starts as a view of the results, so that what step 0 cached changes"
    " afterwards.",
    "a0-ignored": "The first hidden state is not the one that is given.",
    "a0-every-step": "A state is not passed on: every step starts from the first one.",
    "output-gate-dropped": "The output gate is left out of the hidden state.",
    "no-tanh-on-cell": "There is no tanh on the cell state: a different model, consistent in"
    " itself.",
    "y-from-previous": "The prediction is computed from the state before the step.",
    "softmax-wrong": "softmax is wrong, is missing, or is used instead of another function.",
    "caches-wrong": "The caches do not hold what the backward function takes from them.",
    "one-bias-for-several": "A gate has another gate's bias, or lacks its second bias.",
    "gates-swapped": "Two gates are swapped: consistent with itself, wrong for anyone else's"
    " weights.",
    "plus-for-times": "There is + for *, * for +, or - for +.",
    "float32": "Results are in float32 though the arguments are in float64, harmless by itself; or"
    " a type is called by a name that NumPy has removed, such as np.float.",
    # besides: conventions, published numbers, and what has no better name
    "clipped-inside": "Gradients are clipped inside the function that computes them.",
    "historic-numbers": "These are the wrong numbers that early editions of the assignment"
    " published.",
    "argument-in-place": "An argument is changed in place.",
    "sigmoid-wrong": "The sigmoid computes a different function.",
    "wrong-activation": "An activation, or its derivative, is that of a different function.",
    "concat-order": "Input and hidden state are joined, or taken apart, in the other order.",
    "term-missing": "A term or a factor is left out, or a result is left at zero.",
    "forget-bias": "1 is added to the bias of the forget gate inside the function.",
    "counted-twice": "A term is counted twice.",
    "time-reversed": "A loop runs, or a sequence is stored, in reverse order.",
    # what one call leaves behind; in whole sequences and layers
    "keeps-state": "State leaks from one call to the next, so that only the first call is right.",
    "result-in-place": "backward writes into what forward has returned.",
    "not-reset": "The gradients of the call before are still in these.",
    "final-state-gradient-ignored": "The gradient that arrives at the last hidden state never"
    " enters.",
    "second-bias": "Each of the two biases of a gate must receive the full gradient; here they do"
    " not.",
    "gru-variants-mixed": "Forward is one of the two GRUs, backward the other.",
    "weights-not-set": "A layer does not give, or does not compute with, the weights that were"
    " set.",
    "updates-without-optimizer": "A layer's backward changes the weights though no optimizer is"
    " set.",
    "unexplained": "None of the above. The report still says where, and describes a pattern if it"
    " sees one.",
}
