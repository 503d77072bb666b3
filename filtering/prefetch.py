"""Asks the processor for a row of a table that a kernel reads soon, so that it does not wait for it then.

Nothing is computed. LLVM has such an instruction; numba has no name for it.
"""

from functools import cached_property
from typing import Any

READ, KEEP_NEAR, DATA = 0, 3, 1
"""As LLVM's ``llvm.prefetch`` numbers them."""


class _Prefetch:
    """A function of numba that is made once a kernel which calls it is compiled; see `filtering.compiled`."""

    def __call__(self, table: Any, row: int) -> None:  # noqa: ANN401 - an array of any type
        """Ask for the first bytes of a row of a C-contiguous array; in plain Python that does nothing."""

    @cached_property
    def _numba_type_(self) -> Any:  # noqa: ANN401 - a class of numba
        from llvmlite import ir
        from numba import types
        from numba.core import cgutils
        from numba.core.registry import cpu_target
        from numba.extending import intrinsic

        byte, number = ir.IntType(8), ir.IntType(32)

        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401 - of numba
            kind, (table, row) = signature.args[0], arguments
            array = context.make_array(kind)(context, builder, table)
            places = [row, *[context.get_constant(types.intp, 0)] * (kind.ndim - 1)]
            item_pointer: Any = cgutils.get_item_pointer
            place = builder.bitcast(item_pointer(context, builder, kind, array, places), byte.as_pointer())
            takes = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), number, number, number])
            ask = builder.module.declare_intrinsic("llvm.prefetch", [byte.as_pointer()], takes)
            builder.call(ask, [place, *(number(option) for option in (READ, KEEP_NEAR, DATA))])
            return context.get_dummy_value()

        def prefetch_row(typing: Any, table: Any, row: Any) -> Any:  # noqa: ANN401 - of numba
            return types.void(table, types.intp), emit

        context = cpu_target.typing_context
        made = intrinsic(prefetch_row)
        context.refresh()  # it learns what was made since
        return context.resolve_value_type(made)


prefetch_row = _Prefetch()
