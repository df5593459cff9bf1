//! Burns time in functions of every kind that the two manglings of Rust spell differently.

use std::hint::black_box;

trait Shape {
    fn area(&self, rounds: u64) -> u64;
}

struct Square(u64);
struct Stack<T>(Vec<T>);

impl Shape for Square {
    #[inline(never)]
    fn area(&self, rounds: u64) -> u64 {
        spin(self.0, rounds)
    }
}

impl Square {
    #[inline(never)]
    fn grow(&mut self, rounds: u64) {
        self.0 = burn(self.0, rounds);
    }
}

impl<T: Copy + Into<u64>> Stack<T> {
    #[inline(never)]
    fn total(&self, rounds: u64) -> u64 {
        self.0.iter().fold(0, |sum, each| spin(sum ^ (*each).into(), rounds))
    }
}

mod apart {
    impl super::Square {
        #[inline(never)]
        pub fn shrink(&mut self, rounds: u64) {
            self.0 = super::spin(self.0, rounds) / 2;
        }
    }
}

#[inline(always)]
fn spin(mut value: u64, rounds: u64) -> u64 {
    for round in 0..rounds {
        value = black_box(value.rotate_left(5) ^ round);
    }
    value
}

#[inline(never)]
fn burn(value: u64, rounds: u64) -> u64 {
    spin(value, rounds)
}

#[inline(never)]
fn generic<T: Into<u64> + Copy>(value: T, rounds: u64) -> u64 {
    spin(value.into(), rounds)
}

fn main() {
    let rounds = 3_000_000;
    let mut square = Square(3);
    let first = |value: u64| spin(value + 1, rounds);
    let second = |value: u64| spin(value + 2, rounds);
    let calls: [&dyn Fn(u64) -> u64; 2] = [&first, &second];
    for turn in 0..20 {
        square.grow(rounds);
        square.shrink(rounds);
        let shape: &dyn Shape = black_box(&square);
        black_box(shape.area(rounds));
        black_box(generic(turn as u32, rounds) ^ generic(7_u8, rounds));
        black_box(Stack(vec![1_u32, 2]).total(rounds) ^ Stack(vec![1_u16]).total(rounds));
        black_box(black_box(calls)[0](turn) ^ black_box(calls)[1](turn));
    }
}
