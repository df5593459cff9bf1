//! What may stand in a column, and how Arrow writes it.

use ::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, ListBuilder,
    StringArray, StringBuilder,
};
use ::arrow::datatypes::{DataType, Field};
use std::sync::Arc;

use crate::schema::FrameKind;

/// A value of one of the types that a column may have.
pub trait Cell: Sized {
    /// The Arrow array of such values.
    type Array: Array + 'static;
    /// True if a cell may be null.
    const NULLABLE: bool;
    /// The Arrow type.
    fn data_type() -> DataType;
    /// An array of `cells`.
    fn gather<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef
    where
        Self: 'a;
    /// The cell at `row`.
    fn read(array: &Self::Array, row: usize) -> Self;
}

/// A type and the optional of it, over the same array.
macro_rules! cells {
    ($cell:ty, $array:ty, $data_type:expr, $borrow:expr, $read:expr) => {
        impl Cell for $cell {
            type Array = $array;
            const NULLABLE: bool = false;
            fn data_type() -> DataType {
                $data_type
            }
            fn gather<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(<$array>::from_iter(cells.map($borrow).map(Some)))
            }
            fn read(array: &Self::Array, row: usize) -> Self {
                $read(array, row)
            }
        }

        impl Cell for Option<$cell> {
            type Array = $array;
            const NULLABLE: bool = true;
            fn data_type() -> DataType {
                $data_type
            }
            fn gather<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(<$array>::from_iter(cells.map(|cell| cell.as_ref().map($borrow))))
            }
            fn read(array: &Self::Array, row: usize) -> Self {
                array.is_valid(row).then(|| $read(array, row))
            }
        }
    };
}

cells!(i32, Int32Array, DataType::Int32, |cell| *cell, Int32Array::value);
cells!(i64, Int64Array, DataType::Int64, |cell| *cell, Int64Array::value);
cells!(f64, Float64Array, DataType::Float64, |cell| *cell, Float64Array::value);
cells!(bool, BooleanArray, DataType::Boolean, |cell| *cell, BooleanArray::value);
cells!(String, StringArray, DataType::Utf8, String::as_str, |array: &StringArray, row| array
    .value(row)
    .to_owned());
cells!(Arc<str>, StringArray, DataType::Utf8, |cell| &**cell, |array: &StringArray, row| Arc::from(
    array.value(row)
));
cells!(FrameKind, StringArray, DataType::Utf8, |cell| cell.as_str(), |array: &StringArray, row| {
    FrameKind::from(array.value(row))
});

impl Cell for Vec<String> {
    type Array = ListArray;
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::List(element())
    }

    fn gather<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef {
        let mut lists = ListBuilder::new(StringBuilder::new()).with_field(element());
        for cell in cells {
            lists.append_value(cell.iter().map(Some));
        }
        Arc::new(lists.finish())
    }

    fn read(array: &Self::Array, row: usize) -> Self {
        let texts = array.value(row);
        texts
            .as_string_opt::<i32>()
            .map(|texts| texts.iter().flatten().map(str::to_owned).collect())
            .unwrap_or_default()
    }
}

/// The name that the Parquet format prescribes for the content of a list.
fn element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Utf8, true))
}
