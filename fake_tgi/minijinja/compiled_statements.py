"""Statements become functions of the state; a template is the list of them.

`if` opens no frame, so what is set inside it stays. What a block captures is lost when `break` or `continue`
jump out of it, with all that is printed after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import nodes
from .comparison import equal
from .compiled_expressions import Evaluate
from .compiled_loops import Step
from .compiled_macros import MacroCompiler
from .errors import Failure, invalid_operation
from .escaping import escape
from .state import Frame, State
from .values import Value, truth

__all__ = ["StatementCompiler"]


class StatementCompiler(MacroCompiler):
    """Compiles statements one after the other, in the order of the template."""

    def body(self, statements: Sequence[nodes.Statement]) -> Step:
        steps = [self.statement(node) for node in statements]
        if len(steps) == 1:
            return steps[0]

        def run(state: State) -> str | None:
            for step in steps:
                jump = step(state)
                if jump is not None:
                    return jump
            return None

        return run

    def statement(self, node: nodes.Statement) -> Step:
        """One statement."""
        match node:
            case nodes.Text():
                return self._text(node)
            case nodes.Emit():
                return self._emit(node)
            case nodes.For():
                return self.for_(node)
            case nodes.If():
                return self._if(node)
            case nodes.With():
                return self._with(node)
            case nodes.Set():
                return self._set(node)
            case nodes.SetBlock():
                return self._set_block(node)
            case nodes.AutoEscape():
                return self._auto_escape(node)
            case nodes.FilterBlock():
                return self._filter_block(node)
            case nodes.Block():
                return self.block(node)
            case nodes.Load():
                return self.load(node)
            case nodes.Macro():
                return self.macro_definition(node)
            case nodes.CallBlock():
                return self._print(self.call(node.call, node.macro))
            case nodes.Do():
                return _discarding(self.call(node.call))
            case nodes.Jump(how, line):
                self.line = line
                return lambda state: how

    def _text(self, node: nodes.Text) -> Step:
        self.line = node.line
        text = node.text

        def emit(state: State) -> None:
            state.out.append(text)

        return emit

    def _emit(self, node: nodes.Emit) -> Step:
        expression = node.expression
        match expression:
            case nodes.Call(nodes.Variable("loop"), [_]):
                return self.recurse(expression)
        self.line = expression.line
        return self._print(self.expression(expression))

    def _print(self, evaluate: Evaluate) -> Step:
        line = self.line

        def emit(state: State) -> None:
            value = evaluate(state)
            if type(value) is str and state.escape == "none":
                state.out.append(value)
                return
            try:
                state.out.append(escape(value, state.escape))
            except Failure as failure:
                raise failure.at(line) from None

        return emit

    def _if(self, node: nodes.If) -> Step:
        self.line = node.test.line
        test = self.expression(node.test)
        true = self.body(node.true)
        false = self.body(node.false) if node.false else None

        def run(state: State) -> str | None:
            if truth(test(state)):
                return true(state)
            return None if false is None else false(state)

        return run

    def _with(self, node: nodes.With) -> Step:
        self.line = node.line
        line = node.line
        assignments = [
            (self.expression(expression), self.assignment(target)) for target, expression in node.assignments
        ]
        body = self.body(node.body)

        def run(state: State) -> str | None:
            try:
                state.push(Frame())
            except Failure as failure:
                raise failure.at(line) from None
            for evaluate, assign in assignments:
                assign(state, evaluate(state))
            jump = body(state)
            if jump is None:
                state.frames.pop()
            return jump

        return run

    def _set(self, node: nodes.Set) -> Step:
        self.line = node.line
        evaluate = self.expression(node.expression)
        assign = self.assignment(node.target)

        def run(state: State) -> None:
            assign(state, evaluate(state))

        return run

    def _captured(
        self, body: Sequence[nodes.Statement], chain: nodes.Filter | None, use: Callable[[Evaluate], Step]
    ) -> Step:
        """Runs `body`, filters what it prints and hands that on; if it jumps away, the capture stays open."""
        run_body = self.body(body)
        value: Evaluate = State.end_capture
        if chain is not None:
            value = self.filter(chain, value)
        finish = use(value)

        def run(state: State) -> str | None:
            state.begin_capture()
            jump = run_body(state)
            return finish(state) if jump is None else jump

        return run

    def _set_block(self, node: nodes.SetBlock) -> Step:
        self.line = node.line

        def use(value: Evaluate) -> Step:
            assign = self.assignment(node.target)

            def run(state: State) -> None:
                assign(state, value(state))

            return run

        return self._captured(node.body, node.filter, use)

    def _filter_block(self, node: nodes.FilterBlock) -> Step:
        self.line = node.line
        return self._captured(node.body, node.filter, self._print)

    def _auto_escape(self, node: nodes.AutoEscape) -> Step:
        self.line = node.line
        enabled = self.expression(node.enabled)
        line = self.line
        body = self.body(node.body)

        def run(state: State) -> str | None:
            outer = state.escape
            state.escape = _mode(enabled(state), state.root_escape, line)
            try:
                return body(state)
            finally:
                state.escape = outer

        return run


def _discarding(evaluate: Evaluate) -> Step:
    def run(state: State) -> None:
        evaluate(state)

    return run


def _mode(enabled: Value, initial: str, line: int) -> str:
    if isinstance(enabled, str):
        if enabled in ("html", "json", "none"):
            return str(enabled)
        raise invalid_operation("invalid value to autoescape tag").at(line)
    if equal(enabled, True):
        return "html" if initial == "none" else initial
    return "none"
