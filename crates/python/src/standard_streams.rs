//! The standard streams, and open files by their numbers, as files, whatever the operating system calls that.

use std::fs::File;
use std::io;

/// The standard streams without a buffer: what is read and written is large, and nothing may wait in one.
#[cfg(unix)]
pub(crate) fn streams() -> io::Result<(File, File)> {
    use std::os::fd::AsFd;

    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

#[cfg(windows)]
pub(crate) fn streams() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle;

    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

/// An open file of the process, by its number.
#[cfg(unix)]
pub(crate) fn duplicate(number: i32) -> io::Result<File> {
    use std::os::fd::BorrowedFd;

    if number < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the number is none that stands for nothing; if no file has it, the copy cannot be made.
    let file = unsafe { BorrowedFd::borrow_raw(number) };
    Ok(file.try_clone_to_owned()?.into())
}

/// Only the standard streams have numbers here.
#[cfg(not(unix))]
pub(crate) fn duplicate(number: i32) -> io::Result<File> {
    let (input, output) = streams()?;
    match number {
        0 => Ok(input),
        1 => Ok(output),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}
